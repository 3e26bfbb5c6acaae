package droplet

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/key"
	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// template validates everything but the names, and returns a droplet without a name.
func (s *Service) template(ctx context.Context, accountID int64, c Create) (Droplet, error) {
	where, err := s.chooseRegion(c.Region)
	if err != nil {
		return Droplet{}, err
	}
	dimensions, err := s.chooseSize(c.Size)
	if err != nil {
		return Droplet{}, err
	}
	if err := s.ready(ctx); err != nil {
		return Droplet{}, err
	}
	disk, err := s.chooseImage(ctx, accountID, string(c.Image), dimensions)
	if err != nil {
		return Droplet{}, err
	}
	keys, err := s.publicKeys(ctx, accountID, c.SSHKeys)
	if err != nil {
		return Droplet{}, err
	}
	if err := s.checkOptions(c, where); err != nil {
		return Droplet{}, err
	}
	features := append([]string{}, s.Features...)
	if c.Monitoring {
		features = append(features, "monitoring")
	}
	return Droplet{
		AccountID: accountID, Region: where.Slug, Size: dimensions.Slug,
		VCPUs: dimensions.VCPUs, MemoryMB: dimensions.MemoryMB, DiskGB: dimensions.DiskGB,
		Image: s.Images.View(disk), Status: statusNew, VPC: where.DefaultVPC(),
		Features: features, Tags: uniqueTags(c.Tags), PublicKeys: keys,
	}, nil
}

// ready fails if no machine can run here, with the reason. It may ask the engine.
func (s *Service) ready(ctx context.Context) error {
	if s.Ready == nil {
		return nil
	}
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("a request is rejected: no machine can run here", "reason", err)
		return apierr.Refused("No hypervisor fits this Droplet: %v", err)
	}
	return nil
}

func (s *Service) chooseRegion(slug string) (region.Region, error) {
	r, ok, available := s.Regions.Choose(slug)
	switch {
	case !ok:
		return r, apierr.Invalid("region", "You specified an invalid region for Droplet creation.")
	case !available:
		return r, apierr.Invalid("region", "Region is not available")
	}
	return r, nil
}

func (s *Service) chooseSize(slug string) (size.Size, error) {
	found, ok := s.Sizes.Find(strings.ToLower(slug))
	if !ok {
		return found, apierr.Invalid("size", "You specified an invalid size for Droplet creation.")
	}
	if !s.Sizes.Available(found) {
		return found, apierr.Invalid("size", "Size is not available in this region: this cloud has no machine with %d MB of memory and %d GB of disk",
			found.MemoryMB, found.DiskGB)
	}
	return found, nil
}

func (s *Service) chooseImage(ctx context.Context, accountID int64, idOrSlug string, on size.Size) (image.Image, error) {
	// The first sentence is the contract's, which clients match. The reason follows it.
	invalid := func(format string, args ...any) *apierr.Error {
		return apierr.Invalid("image", "You specified an invalid image for Droplet creation. "+format, args...)
	}
	found, err := s.Images.Lookup(ctx, accountID, idOrSlug)
	if apierr.IsNotFound(err) {
		return found, invalid("There is no image %q here.", idOrSlug)
	}
	if err != nil {
		return found, err
	}
	if obstacle := s.Images.Obstacle(ctx, found.Slug); obstacle != nil {
		s.Log.Warn("a create is rejected because of its image", "image", idOrSlug, "reason", obstacle)
		return found, invalid("Image %s can't be had here: %v", idOrSlug, obstacle)
	}
	if on.DiskGB < found.MinDiskGB {
		return found, apierr.Invalid("size", "The image needs a disk of at least %d GB, size %s has %d GB",
			found.MinDiskGB, on.Slug, on.DiskGB)
	}
	return found, nil
}

// publicKeys returns the public keys with those ids or fingerprints.
func (s *Service) publicKeys(ctx context.Context, accountID int64, identities []identity) ([]string, error) {
	keys, unknown := []string{}, []string{}
	for _, identity := range identities {
		k, err := key.Find(ctx, s.DB, accountID, string(identity))
		if apierr.IsNotFound(err) {
			unknown = append(unknown, string(identity))
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(keys, k.PublicKey) {
			keys = append(keys, k.PublicKey)
		}
	}
	if len(unknown) > 0 {
		return nil, apierr.Invalid("ssh_keys", "%s are invalid key identifiers for Droplet creation.", strings.Join(unknown, ", "))
	}
	return keys, nil
}

// uniqueTags removes tags that differ from an earlier tag only in case. The first
// spelling stays.
func uniqueTags(tags []string) []string {
	unique, found := []string{}, map[string]bool{}
	for _, tag := range tags {
		if folded := strings.ToLower(tag); !found[folded] {
			unique, found[folded] = append(unique, tag), true
		}
	}
	return unique
}

var tagName = regexp.MustCompile(`^[a-zA-Z0-9_\-:]{1,255}$`)

// checkOptions rejects options that this cloud does not have. Ignoring them would make
// a droplet without what its owner asked for.
func (s *Service) checkOptions(c Create, where region.Region) error {
	features := s.Regions.View(where).Features
	switch {
	case len(c.UserData) > maxUserData:
		return apierr.Invalid("user_data", "User data is too long: %d bytes, the maximum is %d", len(c.UserData), maxUserData)
	case c.IPv6 && !slices.Contains(features, "ipv6"):
		return apierr.Invalid("ipv6", "Region %s does not support IPv6, which is not there yet", where.Slug)
	case c.Backups && !slices.Contains(features, "backups"):
		return apierr.Invalid("backups", "Region %s does not support backups, which are not there yet", where.Slug)
	case c.BackupPolicy != nil && !c.Backups:
		return apierr.Invalid("backup_policy", "Backup policy needs backups to be on")
	case len(c.Volumes) > 0:
		return apierr.Invalid("volumes", "Region %s does not support volumes, which are not there yet", where.Slug)
	case c.PublicNetworking != nil && !*c.PublicNetworking:
		return apierr.Invalid("public_networking", "Region %s has no droplets without public networking", where.Slug)
	case c.VPC != "" && c.VPC != where.DefaultVPC():
		return apierr.Invalid("vpc_uuid", "VPC %s is not in region %s", c.VPC, where.Slug)
	}
	for _, tag := range c.Tags {
		if !tagName.MatchString(tag) {
			return apierr.Invalid("tags", "Tag %q is invalid: letters, digits, _, - and : are allowed, up to 255", tag)
		}
	}
	return nil
}
