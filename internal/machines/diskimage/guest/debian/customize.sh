# Runs in mmdebstrap when all packages are installed; $1 is the new root and
# $MKE2FS the command that makes the root file system of it: only here do files
# have their owners, also without root.
set -eu
root=$1

chroot "$root" systemctl --quiet enable systemd-networkd systemd-resolved
# cloud-init has the network up already when it would wait for it.
chroot "$root" systemctl --quiet mask systemd-networkd-wait-online.service
# It looks for snapshots of LVM, for as long as the rest of an emulated boot.
chroot "$root" systemctl --quiet mask e2scrub_reap.service e2scrub_all.timer
# cloud-init is always wanted here. Its generator would find that out by a shell
# script that holds up every boot, for seconds if emulated.
mkdir -p "$root/etc/systemd/system-generators"
ln -s /dev/null "$root/etc/systemd/system-generators/cloud-init-generator"
chroot "$root" systemctl --quiet add-wants multi-user.target cloud-init.target
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# mmdebstrap lets no package start its service. On a droplet, apt does.
rm -f "$root/usr/sbin/policy-rc.d"
[ ! -e "$root/sbin/start-stop-daemon.REAL" ] ||
	mv -f "$root/sbin/start-stop-daemon.REAL" "$root/sbin/start-stop-daemon"

# What must differ between machines is made at the first boot.
: >"$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/systemd/random-seed"
rm -f "$root"/etc/apt/apt.conf.d/??mmdebstrap "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
rm -f "$root"/var/log/*.log "$root"/var/log/apt/*
mkdir -p "$root/boot/efi"

# What mmdebstrap has mounted in the root must stay out of it, and so must its
# own files, which it still needs: /mnt becomes the root without them, in a
# mount namespace that ends with the command.
unshare --mount sh -euc "
	mount --bind '$root' /mnt
	mount -t tmpfs -o mode=1777 none /mnt/tmp
	for dir in /mnt/dev /mnt/var/lib/apt/lists /mnt/var/cache/apt; do
		mount -t tmpfs -o mode=755 none \$dir
	done
	mkdir /mnt/var/cache/apt/archives
	$MKE2FS
"
