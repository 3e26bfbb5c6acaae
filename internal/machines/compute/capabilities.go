package compute

// Capabilities is what an engine can do on this host, as data.
type Capabilities struct {
	Name         string   // "qemu", "simulated"
	Real         bool     // a guest really runs
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
