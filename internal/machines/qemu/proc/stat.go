package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Fields of a file of proc_pid_stat(5), which counts them from 1 and calls the
// process's state the third.
const (
	stateField  = 3
	parentField = 4
	startField  = 22
)

// field returns a field, from the state on; empty if the file has fewer.
func field(stat []byte, number int) string {
	// The name before the state, in parentheses, can be anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if at := number - stateField; at < len(fields) {
		return fields[at]
	}
	return ""
}

// fieldOf is field of a process; empty if there is no such process.
func fieldOf(pid, number int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	return field(stat, number)
}

func state(pid int) string { return fieldOf(pid, stateField) }

// Parent returns the number of a process's parent, or 0.
func Parent(pid int) int {
	parent, err := strconv.Atoi(fieldOf(pid, parentField))
	if err != nil {
		return 0
	}
	return parent
}

// FirstStart says when the first process was started, in clock ticks after the
// boot. ok is false where other users' processes can't be seen.
func FirstStart() (ticks string, ok bool, err error) {
	stat, err := os.ReadFile("/proc/1/stat")
	if err != nil {
		return "", false, nil
	}
	ticks, err = startTime(stat)
	return ticks, err == nil, err
}

func startTime(stat []byte) (string, error) {
	ticks := field(stat, startField)
	if ticks == "" {
		return "", errors.New("/proc/1/stat has no start time")
	}
	return ticks, nil
}
