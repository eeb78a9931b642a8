package s3

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// grantHeaders are the headers that grant a permission each.
var grantHeaders = []struct {
	name       string // in canonical form
	permission eventlog.Permission
}{
	{"X-Amz-Grant-Full-Control", eventlog.PermissionFullControl},
	{"X-Amz-Grant-Read", eventlog.PermissionRead},
	{"X-Amz-Grant-Read-Acp", eventlog.PermissionReadACP},
	{"X-Amz-Grant-Write", eventlog.PermissionWrite},
	{"X-Amz-Grant-Write-Acp", eventlog.PermissionWriteACP},
}

// aclOf reads the access control list that headers ask for.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#setting-acls
func aclOf(header http.Header) (api.ACLRequest, error) {
	var acl api.ACLRequest
	if values, ok := header["X-Amz-Acl"]; ok {
		if acl.Canned = values[0]; acl.Canned == "" {
			return acl, api.InvalidArgumentf("x-amz-acl", "", "The canned ACL must not be empty.")
		}
	}
	for _, h := range grantHeaders {
		for _, list := range header[h.name] {
			grants, err := parseGrantees(strings.ToLower(h.name), list, h.permission)
			if err != nil {
				return acl, err
			}
			acl.Grants = append(acl.Grants, grants...)
		}
	}
	switch {
	case acl.Canned != "" && acl.Grants != nil:
		return acl, api.Errorf(api.InvalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed")
	case len(acl.Grants) > api.MaxGrants:
		return acl, api.NewError(api.MalformedACL)
	}
	return acl, nil
}

// parseGrantees reads the grantees in a header: a list of type="value", where the quotes are optional.
func parseGrantees(header, list string, permission eventlog.Permission) ([]eventlog.Grant, error) {
	var grants []eventlog.Grant
	for entry := range strings.SplitSeq(list, ",") {
		kind, value, ok := strings.Cut(strings.TrimSpace(entry), "=")
		if !ok {
			return nil, api.InvalidArgumentf(header, list, "Argument format not recognized")
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		grant := eventlog.Grant{Permission: permission}
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "id":
			grant.Account.ID = value
		case "uri":
			if !slices.Contains(groups, value) {
				return nil, invalidGroup(value)
			}
			grant.Group = value
		case "emailaddress":
			return nil, unresolvable(value)
		default:
			return nil, api.InvalidArgumentf(header, list, "Argument format not recognized")
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

var groups = []string{eventlog.GroupAllUsers, eventlog.GroupAuthenticatedUsers, eventlog.GroupLogDelivery}

func invalidGroup(uri string) error {
	return api.InvalidArgumentf("Group/URI", uri, "Invalid group uri")
}

// unresolvable is the answer to grants by mail address, which no account has.
func unresolvable(address string) error {
	return api.NewError(api.UnresolvableGrant,
		api.Detail{Name: "EmailAddress", Value: address}, api.Detail{Name: "BucketRegion"})
}
