package qemu

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
)

// sandbox leaves little to a QEMU that its guest has taken control of. The relay
// must be spawned, and QEMU calls setsid(2) for that, which it counts as
// elevating privileges. That costs nothing: the filter sets no_new_privs all
// the same, and QEMU has no right to change its user.
const sandbox = "on,obsolete=deny,elevateprivileges=allow,resourcecontrol=deny,spawn=allow"

// fastTCG keeps the translated code of a guest below 128 MiB.
const fastTCG = "tcg,thread=multi,tb-size=128"

// arguments is QEMU's command line. All paths are relative to the machine's
// folder; relay is the program that QEMU runs for a
// connection to the metadata. mark identifies the process (see mark).
func arguments(r record, accelerator, relay, mark string) ([]string, error) {
	spec := r.Spec
	disks, err := blockdevs(r.Disk.Image.Format)
	if err != nil {
		return nil, err
	}
	accel, cpu := fastTCG, "max,la57=off"
	if accelerator == "kvm" {
		accel, cpu = "kvm", "host"
	}
	args := []string{
		"-name", nameOption(spec),
		"-uuid", uuidOf(spec.ID),
		"-sandbox", sandbox,
		"-no-user-config", "-nodefaults", "-display", "none", "-vga", "none",
		// Without graphics the firmware and the boot loader write to the serial port.
		"-machine", "q35,smm=off,vmport=off,graphics=off",
		"-accel", accel,
		"-cpu", cpu,
		"-smp", fmt.Sprint(spec.VCPUs),
		"-m", fmt.Sprintf("%dM", spec.MemoryMB),
		"-rtc", "base=utc",
		// What cloud-init's DigitalOcean data source looks for.
		"-smbios", fmt.Sprintf("type=1,manufacturer=DigitalOcean,product=Droplet,serial=%d", spec.ID),
		"-chardev", fmt.Sprintf("socket,id=qmp,fd=%d,server=on,wait=off", helper.QMPFD),
		"-mon", "chardev=qmp,mode=control",
		"-chardev", fmt.Sprintf("socket,id=console,fd=%d", helper.ConsoleFD),
		"-serial", "chardev:console",
		"-chardev", "null,id=" + mark, // does nothing
		"-object", "rng-builtin,id=rng",
		"-device", "virtio-rng-pci,rng=rng",
		"-add-fd", fmt.Sprintf("fd=%d,set=1,opaque=image", helper.ImageFD),
	}
	args = append(args, disks...)
	return append(args,
		"-device", "virtio-blk-pci,drive=disk,bootindex=1",
		"-netdev", netdev(spec, r.Network, relay),
		"-device", nicOption(spec.Interfaces[0]),
	), nil
}

func nameOption(spec compute.Spec) string {
	return fmt.Sprintf("guest=%s,process=rockpool-%d", escape(spec.Hostname), spec.ID)
}

func nicOption(nic compute.Interface) string {
	return "virtio-net-pci,netdev=public,romfile=,mac=" + nic.MAC
}

// blockdevs names every file and format of the disk, so that QEMU neither
// guesses a format nor opens other files that a file names.
func blockdevs(imageFormat string) ([]string, error) {
	type node map[string]any
	image := node{"node-name": "image", "driver": imageFormat, "file": "image-file", "read-only": true}
	if imageFormat == "qcow2" {
		image["backing"] = nil
	}
	var args []string
	for _, n := range []node{
		{"node-name": "image-file", "driver": "file", "filename": "/dev/fdset/1", "read-only": true},
		image,
		{"node-name": "disk-file", "driver": "file", "filename": "disk.qcow2", "discard": "unmap"},
		{"node-name": "disk", "driver": "qcow2", "file": "disk-file", "backing": "image", "discard": "unmap"},
	} {
		text, err := json.Marshal(n)
		if err != nil {
			return nil, fmt.Errorf("encode a block device: %w", err)
		}
		args = append(args, "-blockdev", string(text))
	}
	return args, nil
}

// escape protects the commas in a value of QEMU's options.
func escape(value string) string { return strings.ReplaceAll(value, ",", ",,") }

// shellQuote makes one word of it for QEMU, which splits a guestfwd command as
// a shell does.
func shellQuote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// uuidOf derives the machine's UUID from its id alone (RFC 9562, version 8).
func uuidOf(id int64) string {
	b := sha256.Sum256(fmt.Appendf(nil, "rockpool droplet %d", id))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
