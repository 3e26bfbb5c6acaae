package torture

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func hasQEMU(w *world) bool { return !w.kind.simulated() }

// killQEMU kills the process of a machine.
var killQEMU = qemuAttack("kill QEMU", "QEMU killed", func(w *world, pid int) {
	w.signal(pid, unix.SIGKILL)
})

// freezeQEMU stops the process of a machine for a while. It neither answers nor
// exits.
var freezeQEMU = qemuAttack("freeze QEMU", "QEMU frozen", func(w *world, pid int) {
	w.signal(pid, unix.SIGSTOP)
	w.acknowledged(w.kind.strides)
	w.signal(pid, unix.SIGCONT)
})

// leaveQEMUFrozen stops the process of a machine and does not continue it. All
// actions of the droplet must end nevertheless, and deleting it must work.
var leaveQEMUFrozen = qemuAttack("leave QEMU frozen", "QEMU left frozen", func(w *world, pid int) {
	w.signal(pid, unix.SIGSTOP)
})

// qemuAttack is an attack on the process of one machine, if any runs.
func qemuAttack(name, struck string, strike func(w *world, pid int)) Attack {
	return Attack{
		Name: name,
		Fits: hasQEMU,
		Strike: func(w *world, dice *rand.Rand) {
			if pid, ok := w.victim(dice); ok {
				w.struck(struck)
				strike(w, pid)
			}
		},
	}
}

// victim chooses the process of a machine; ok is false if none runs.
func (w *world) victim(dice *rand.Rand) (pid int, ok bool) {
	number := dice.IntN(1 << 30)
	machines := map[int]int{} // processes, by id
	var ids []int
	for _, p := range w.MachineProcesses() {
		if id, err := strconv.Atoi(p.Folder); err == nil && p.QEMU {
			machines[id] = p.PID
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, false
	}
	slices.Sort(ids)
	id := ids[number%len(ids)]
	w.disturb(id)
	return machines[id], true
}

// signal sends a signal to a process that may have ended meanwhile.
func (w *world) signal(pid int, signal syscall.Signal) {
	if err := unix.Kill(pid, signal); err != nil && err != unix.ESRCH {
		w.tb.Errorf("send %v to process %d: %v", signal, pid, err)
	}
}
