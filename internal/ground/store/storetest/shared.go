package storetest

// SharedServer is the environment variable with the folder of a PostgreSQL
// server that several test processes share. A process without it starts a
// server of its own.
const SharedServer = "ROCKPOOL_TEST_POSTGRES"

// Serve starts a PostgreSQL server and returns its folder, for SharedServer.
// stop ends the server.
func Serve() (folder string, stop func() error, err error) {
	s := &server{settings: temporary}
	if err := s.start(); err != nil {
		return "", nil, err
	}
	return s.dir, s.stop, nil
}

// Installed reports whether this machine has PostgreSQL.
func Installed() bool { return programs() != "" }
