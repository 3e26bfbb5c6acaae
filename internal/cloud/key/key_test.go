package key_test

import (
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/key"
)

// The fingerprints are what ssh-keygen -E md5 -l prints of the same keys.
func TestFingerprint(t *testing.T) {
	for _, test := range []struct{ name, publicKey, fingerprint string }{
		{"ed25519", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here",
			"65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd"},
		{"ecdsa", "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFJS08FOmlEzyKXN9Z+BMfGt4qL7i5CEW+B2pUOfBKDJtqfTfpD9MEYqqEcCZORaVX62U9jAwDdkEzUsx480cvc= root@vm",
			"d8:05:e3:a2:bb:14:c5:25:08:43:c5:56:0e:3f:31:7a"},
		{"rsa", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCoRFPdrkRSDNn9ttDRhchCAkyc2MYmha9xytcJOetD545ybmFJ4wHgrg+2CvWYjOYqJ5jmlWPZklIMbGMlEnBEPF8yShGVFGIm57kW6PlrNpNCQQjr9DlTMDQ5gnJlHm6tS6xKwzT+8lReX6bhWDRN2t80CkZpQ6ODH8WJDAY5Panwv0KrmIG7Z4pONA7o7N9UeLs4I9t/EqAM85f1OiXvvv8T6wc+8Wl8aVYXhH7UfRQ1ZPo59o6sC0qnM5567MLVric4unW+P5W2JLuc5N9SvDi7K1/aqFjj7M/kuGb8NLaIruMKXFDvjs0lNLReH7x0pko3zjjY51sjQb/UE6CB",
			"27:71:a1:3f:66:ab:69:fe:32:48:f2:0d:47:47:3d:3c"},
	} {
		got, err := key.Fingerprint(test.publicKey)
		if err != nil || got != test.fingerprint {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.fingerprint)
		}
	}
}

func TestInvalidKeys(t *testing.T) {
	const (
		shape    = "Key invalid, key should be of the format `type key [comment]`"
		keyType  = "Key invalid type, we support 'ssh-rsa', 'ssh-dss', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', or 'ssh-ed25519'"
		good     = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
		junk     = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJlAAAAAA=="
		offCurve = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFJS08FOmlEzyKXN9Z+BMfGt4qL7i5CEW+B2pUOfBKDJtqfTfpD9MEYqqEcCZORaVX62U9jAwDdkEzUsx480cvY="
	)
	for text, want := range map[string]string{
		"":                                  shape,
		"ssh-ed25519":                       shape,
		good:                                shape,
		"ssh-ed25519 ?":                     shape,
		"ssh-ed25519 AAAA":                  shape,
		"ssh-rsa " + good:                   shape, // the blob is of another type
		"ssh-ed25519 " + junk:               shape,
		"ecdsa-sha2-nistp256 " + offCurve:   shape,
		"ssh-ed25519 " + good + "\nssh-rsa": shape,
		"ssh-ed448 " + good:                 keyType,
		"no-pty ssh-ed25519 " + good:        keyType,
		"---- BEGIN SSH2 PUBLIC KEY ----":   keyType,
	} {
		if got, err := key.Fingerprint(text); err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v, want %s", text, got, err, want)
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here")
	f.Add("ssh-rsa AAAA")
	f.Add("ssh-rsa /////w==")
	f.Fuzz(func(t *testing.T, text string) {
		fingerprint, err := key.Fingerprint(text)
		if (err == nil) != (len(fingerprint) == 47) {
			t.Errorf("%q: fingerprint %q, error %v", text, fingerprint, err)
		}
	})
}
