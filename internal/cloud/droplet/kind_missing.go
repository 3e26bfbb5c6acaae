package droplet

import "github.com/rockpool-cloud/rockpool/internal/ground/apierr"

// missingKinds are types of action that the contract has and this cloud does not have.
func missingKinds() []kind {
	missing := func(actionType string, draft *draftForm) kind {
		return kind{Type: actionType, Draft: draft, Missing: apierr.Invalid("type", "%s is not there yet", actionType)}
	}
	return []kind{
		missing("password_reset", &draftForm{Key: "resetpassword"}),
		missing("snapshot", &draftForm{Key: "snapshot", Param: "name"}),
		missing("rebuild", &draftForm{Key: "rebuild", Param: "image"}),
		missing("restore", &draftForm{Key: "restore", Param: "image"}),
		missing("enable_backups", nil), missing("disable_backups", nil), missing("change_backup_policy", nil),
		missing("enable_ipv6", nil), missing("enable_private_networking", nil),
		{Type: "change_kernel", Missing: apierr.Invalid("type", "Kernel is not available for this Droplet")},
	}
}
