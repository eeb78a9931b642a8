package s3

import (
	"encoding/xml"
	"net/http"
	"slices"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// The types of grantees, which their elements name in an attribute of this namespace.
const (
	xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance"

	canonicalUser = "CanonicalUser"
	group         = "Group"
	customer      = "AmazonCustomerByEmail"
)

// accessControlPolicy is the document of an ACL.
type accessControlPolicy struct {
	XMLName xml.Name   `xml:"AccessControlPolicy"`
	Owner   *owner     `xml:"Owner"`
	List    *grantList `xml:"AccessControlList"`
}

type owner struct {
	ID          string
	DisplayName string
}

type grantList struct {
	Grants grantElements `xml:"Grant"`
}

type grantElement struct {
	Grantee struct {
		Type         string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
		ID           string
		URI          string
		EmailAddress string
	}
	Permission eventlog.Permission
}

type grantElements []grantElement

// UnmarshalXML implements xml.Unmarshaler.
func (e *grantElements) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	return appendElement((*[]grantElement)(e), api.MaxGrants, d, start)
}

var permissions = []eventlog.Permission{
	eventlog.PermissionFullControl, eventlog.PermissionRead, eventlog.PermissionReadACP,
	eventlog.PermissionWrite, eventlog.PermissionWriteACP,
}

// request is what the document asks for.
func (d *accessControlPolicy) request() (api.ACLRequest, error) {
	if d.Owner == nil || d.Owner.ID == "" || d.List == nil {
		return api.ACLRequest{}, api.NewError(api.MalformedACL)
	}
	acl := api.ACLRequest{Owner: d.Owner.ID, Grants: make([]eventlog.Grant, len(d.List.Grants))}
	for i, element := range d.List.Grants {
		if !slices.Contains(permissions, element.Permission) {
			return acl, api.NewError(api.MalformedACL)
		}
		grant := eventlog.Grant{Permission: element.Permission}
		switch grantee := element.Grantee; {
		case grantee.Type == canonicalUser && grantee.ID != "":
			grant.Account.ID = grantee.ID
		case grantee.Type == group && slices.Contains(groups, grantee.URI):
			grant.Group = grantee.URI
		case grantee.Type == group && grantee.URI != "":
			return acl, invalidGroup(grantee.URI)
		case grantee.Type == customer:
			return acl, unresolvable(grantee.EmailAddress)
		default:
			return acl, api.NewError(api.MalformedACL)
		}
		acl.Grants[i] = grant
	}
	return acl, nil
}

// answerACL answers with the document of an ACL.
func (c *call) answerACL(acl api.ACL) {
	x := newXML(512 + 256*len(acl.Grants))
	x.root("AccessControlPolicy")
	x.owner("Owner", acl.Owner)
	x.open("AccessControlList")
	for _, grant := range acl.Grants {
		x.open("Grant")
		x.grantee(grant)
		x.text("Permission", string(grant.Permission))
		x.close("Grant")
	}
	x.close("AccessControlList")
	x.close("AccessControlPolicy")
	c.xml(http.StatusOK, x)
}

// grantee writes to whom a grant is.
func (x *xmlWriter) grantee(grant eventlog.Grant) {
	kind := canonicalUser
	if grant.Group != "" {
		kind = group
	}
	x.b = append(x.b, `<Grantee xmlns:xsi="`+xsiNamespace+`" xsi:type="`+kind+`">`...)
	if grant.Group != "" {
		x.text("URI", grant.Group)
	} else {
		x.text("ID", grant.Account.ID)
		x.textIf("DisplayName", grant.Account.Name)
	}
	x.close("Grantee")
}
