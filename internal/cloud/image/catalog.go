package image

import (
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
)

// entry is a public image of the catalogue and the source of its disk.
type entry struct {
	slug, name, distribution string
	kind                     string // the API's type
	minDiskGB                int
	description              string
	source                   diskimage.Source
}

const (
	ubuntuCloud    = "https://cloud-images.ubuntu.com/releases/"
	debianCloud    = "https://cloud.debian.org/images/cloud/"
	fedoraCloud    = "https://download.fedoraproject.org/pub/fedora/linux/releases/42/Cloud/x86_64/images/"
	centosCloud    = "https://cloud.centos.org/centos/9-stream/x86_64/images/"
	rockyCloud     = "https://dl.rockylinux.org/pub/rocky/9/images/x86_64/"
	almaLinuxCloud = "https://repo.almalinux.org/almalinux/9/cloud/x86_64/images/"
)

// catalog returns the public images. DigitalOcean's live API calls the type of
// its Ubuntu 22.04 "snapshot", and a test of Terraform's provider wants that.
func catalog(mirror string) []entry {
	return []entry{
		{"micro", "Micro x64", "Debian", "base", 10,
			"Busybox and dropbear on Debian's cloud kernel: up in seconds", diskimage.Micro{Mirror: mirror}},
		{"debian-12-x64", "12 x64", "Debian", "base", 10,
			"Debian 12 x64", diskimage.Debian{Suite: "bookworm", Mirror: mirror}},
		{"debian-13-x64", "13 x64", "Debian", "base", 10,
			"Debian 13 x64", download(debianCloud+"trixie/latest/debian-13-genericcloud-amd64.qcow2", "SHA512SUMS", "sha512")},
		{"debian-11-x64", "11 x64", "Debian", "base", 10,
			"Debian 11 x64", download(debianCloud+"bullseye/latest/debian-11-genericcloud-amd64.qcow2", "SHA512SUMS", "sha512")},
		{"ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu", "base", 10,
			"Ubuntu 24.04 (LTS) x64", download(ubuntuCloud+"24.04/release/ubuntu-24.04-server-cloudimg-amd64.img", "SHA256SUMS", "sha256")},
		{"ubuntu-22-04-x64", "22.04 (LTS) x64", "Ubuntu", "snapshot", 7,
			"Ubuntu 22.04 (LTS) x64", download(ubuntuCloud+"22.04/release/ubuntu-22.04-server-cloudimg-amd64.img", "SHA256SUMS", "sha256")},
		{"ubuntu-20-04-x64", "20.04 (LTS) x64", "Ubuntu", "base", 15,
			"Ubuntu 20.04 (LTS) x64", download(ubuntuCloud+"20.04/release/ubuntu-20.04-server-cloudimg-amd64.img", "SHA256SUMS", "sha256")},
		{"ubuntu-25-10-x64", "25.10 x64", "Ubuntu", "base", 10,
			"Ubuntu 25.10 x64", download(ubuntuCloud+"25.10/release/ubuntu-25.10-server-cloudimg-amd64.img", "SHA256SUMS", "sha256")},
		{"fedora-42-x64", "42 x64", "Fedora", "base", 15,
			"Fedora 42 x64", download(fedoraCloud+"Fedora-Cloud-Base-Generic-42-1.1.x86_64.qcow2", "Fedora-Cloud-42-1.1-x86_64-CHECKSUM", "sha256")},
		{"centos-stream-9-x64", "9 Stream x64", "CentOS", "base", 10,
			"CentOS 9 Stream x64", download(centosCloud+"CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2", "CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2.SHA256SUM", "sha256")},
		{"rockylinux-9-x64", "9 x64", "Rocky Linux", "base", 10,
			"Rocky Linux 9 x64", download(rockyCloud+"Rocky-9-GenericCloud-Base.latest.x86_64.qcow2", "Rocky-9-GenericCloud-Base.latest.x86_64.qcow2.CHECKSUM", "sha256")},
		{"almalinux-9-x64", "AlmaLinux 9", "AlmaLinux", "base", 10,
			"AlmaLinux 9 x64", download(almaLinuxCloud+"AlmaLinux-9-GenericCloud-latest.x86_64.qcow2", "CHECKSUM", "sha256")},
	}
}

// download returns the source of a distribution's official image, which has a file of
// checksums in the same folder.
func download(url, sums, algorithm string) diskimage.Source {
	folder := url[:strings.LastIndexByte(url, '/')+1]
	return diskimage.Download{URL: url, SumsURL: folder + sums, Algorithm: algorithm}
}
