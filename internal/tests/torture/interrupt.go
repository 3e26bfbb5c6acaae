package torture

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// interrupted is the exit status after an interrupt from the terminal.
const interrupted = 130

// endOnInterrupt kills the machines when the torture is interrupted from the
// terminal: they would outlive the programs that started them.
func (w *world) endOnInterrupt() {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	w.tb.Cleanup(func() {
		signal.Stop(signals)
		close(done)
	})
	go func() {
		select {
		case <-done:
		case <-signals:
			for _, p := range w.MachineProcesses() {
				_ = unix.Kill(p.PID, unix.SIGKILL) // it may have ended meanwhile
			}
			_ = os.RemoveAll(w.Data) // what can't be removed stays, as all would without this
			os.Exit(interrupted)
		}
	}()
}
