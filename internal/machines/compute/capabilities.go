package compute

// Traits are what is true of an engine on every host, so it is known before the
// engine is opened. Whatever differs from engine to engine is decided by these,
// never by the engine's name.
type Traits struct {
	Name       string // as the command line has it
	Real       bool   // guests really run
	BindsPorts bool   // forwards are bound on this host, where another process may have the port
	ImageFiles bool   // disks are made from files of Rockpool's image library

	// DropletFeatures are features that every droplet shows because of its engine.
	DropletFeatures []string
}

// Capabilities is what an engine can do on this host, as data.
type Capabilities struct {
	Traits
	Accelerator  string   // "kvm", "tcg" or "none"
	Reason       string   // why that accelerator
	MemoryMB     int      // the largest machine's memory; 0 means no bound
	VCPUs        int      // the largest machine's processors; 0 means no bound
	Disks        int      // the most disks of a machine; 0 means no bound
	Interfaces   int      // the most interfaces of a machine; 0 means no bound
	HostMemoryMB int      // what all machines together can have; 0 means no bound
	HostDiskGB   int      // likewise, with what their disks have taken already
	Features     []string // the region features that this engine can give
}
