package portable

import (
	"fmt"

	"github.com/bleepstore/bleepstore/eventlog"
)

// acl is an access control list as the form has it. An empty one is private, and its owner is that of the bucket.
type acl struct {
	Owner  *account `json:"owner,omitzero"`
	Grants []grant  `json:"grants,omitzero"`
}

type account struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
}

type grant struct {
	Grantee    grantee             `json:"grantee"`
	Permission eventlog.Permission `json:"permission"`
}

type grantee struct {
	Type        string  `json:"type"`
	ID          string  `json:"id,omitzero"`
	DisplayName *string `json:"display_name,omitzero"`
	URI         string  `json:"uri,omitzero"`
}

// The types of grantees.
const (
	userType  = "CanonicalUser"
	groupType = "Group"
)

// newACL returns the list of a thing that belongs to owner. The private one is told, since others do not know it by its
// absence.
func newACL(owner eventlog.Owner, grants []eventlog.Grant) acl {
	if grants == nil {
		grants = []eventlog.Grant{{Account: owner, Permission: eventlog.PermissionFullControl}}
	}
	a := acl{Owner: &account{owner.ID, owner.Name}, Grants: make([]grant, len(grants))}
	for i, g := range grants {
		a.Grants[i] = grant{grantee{Type: groupType, URI: g.Group}, g.Permission}
		if g.Group == "" {
			a.Grants[i].Grantee = grantee{Type: userType, ID: g.Account.ID, DisplayName: &g.Account.Name}
		}
	}
	return a
}

// read returns the owner, which is the other one where the list names none, and the grants.
func (a acl) read(other eventlog.Owner) (owner eventlog.Owner, grants []eventlog.Grant, err error) {
	owner = other
	if a.Owner != nil && a.Owner.ID != "" {
		owner = eventlog.Owner{ID: a.Owner.ID, Name: a.Owner.DisplayName}
		if owner.ID == other.ID && owner.Name == "" {
			owner = other
		}
	}
	if a.Grants == nil {
		return owner, nil, nil
	}
	grants = make([]eventlog.Grant, len(a.Grants))
	for i, g := range a.Grants {
		grants[i].Permission = g.Permission
		switch g.Grantee.Type {
		case userType:
			grants[i].Account.ID = g.Grantee.ID
			if g.Grantee.DisplayName != nil {
				grants[i].Account.Name = *g.Grantee.DisplayName
			}
		case groupType:
			grants[i].Group = g.Grantee.URI
		default:
			return owner, nil, fmt.Errorf("a grantee in the ACL has the type %q, which is neither %s nor %s", g.Grantee.Type, userType, groupType)
		}
	}
	if len(grants) == 1 && grants[0].Group == "" && grants[0].Account.ID == owner.ID && grants[0].Permission == eventlog.PermissionFullControl {
		grants = nil // the private one
	}
	return owner, grants, nil
}
