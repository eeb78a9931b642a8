package s3

import (
	"cmp"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/api/postpolicy"
	"github.com/bleepstore/bleepstore/api/sigv4"
	"github.com/bleepstore/bleepstore/eventlog"
)

// postObject implements https://docs.aws.amazon.com/AmazonS3/latest/developerguide/RESTObjectPOST.html
func (c *call) postObject() error {
	conditions := c.writeConditions()
	f, err := c.readForm()
	if err != nil {
		return err
	}
	if c.key = f.fields["key"]; c.key == "" {
		return missingField("key")
	}
	if err := c.authenticateForm(f); err != nil {
		return err
	}
	body, err := c.formBody(f)
	if err != nil {
		return err
	}
	if err := c.obeyForm(f); err != nil {
		return err
	}
	attributes, err := c.attributes()
	if err != nil {
		return err
	}
	if attributes.Tags, err = formTags(f.fields["tagging"]); err != nil {
		return err
	}
	acl, err := aclOf(c.r.Header)
	if err != nil {
		return err
	}
	if err := c.contentMD5(&body); err != nil {
		return err
	}
	if err := c.bodyChecksum(&body); err != nil {
		return err
	}
	created, err := c.h.Service.PutObject(c.r.Context(), c.by, api.PutObjectInput{
		Bucket: c.bucket, Key: c.key, Via: eventlog.ViaPost,
		Body: body, Attributes: attributes, ACL: acl, Conditions: conditions,
	})
	if err != nil {
		return err
	}
	c.describeCreated(created)
	return c.answerForm(f, created)
}

func missingField(name string) error {
	return api.InvalidArgumentf(name, "",
		"Bucket POST must contain a field named '%s'.  If it is specified, please check the order of the fields.", name)
}

// The fields of a signature, of which a form must have all or none, and how errors name them.
var (
	v4Fields = []formField{
		{"x-amz-signature", "X-Amz-Signature"},
		{"x-amz-algorithm", "X-Amz-Algorithm"},
		{"x-amz-credential", "X-Amz-Credential"},
		{"x-amz-date", "X-Amz-Date"},
		{"policy", "Policy"},
	}
	v2Fields = []formField{{"signature", "Signature"}, {"awsaccesskeyid", "AWSAccessKeyId"}, {"policy", "Policy"}}
)

type formField struct{ name, shown string }

// signed tells whether the form has fields of a signature. Errors: InvalidArgument if it has not all of them.
func (f *form) signed(fields []formField) (bool, error) {
	any := false
	for _, field := range fields {
		_, has := f.fields[field.name]
		any = any || has && field.name != "policy"
	}
	if !any {
		return false, nil
	}
	for _, field := range fields {
		if _, has := f.fields[field.name]; !has {
			return false, missingField(field.shown)
		}
	}
	return true, nil
}

// authenticateForm finds out who signed the form's policy. Who posts a form without signature is who sends the request,
// which is nobody that is known if it comes from a browser.
func (c *call) authenticateForm(f *form) error {
	v4, err := f.signed(v4Fields)
	if err != nil {
		return err
	}
	v2, err := f.signed(v2Fields)
	if err != nil {
		return err
	}
	accessKey, policy := "", f.fields["policy"]
	switch {
	case v4:
		accessKey, err = c.h.Verifier.VerifyForm(sigv4.Form{
			Policy: policy, Algorithm: f.fields["x-amz-algorithm"], Credential: f.fields["x-amz-credential"],
			Date: f.fields["x-amz-date"], Signature: f.fields["x-amz-signature"], Token: f.fields["x-amz-security-token"],
		})
	case v2 && c.h.V2 == nil:
		err = sigv4.ErrVersion2()
	case v2:
		accessKey = f.fields["awsaccesskeyid"]
		err = c.h.V2.VerifyForm(accessKey, policy, f.fields["signature"], f.fields["x-amz-security-token"])
	}
	if accessKey != "" && err == nil {
		c.by.AccessKey, c.by.Account = accessKey, c.h.Accounts[accessKey]
	}
	return err
}

// formBody describes the file to the Service, once the policy allows the form.
func (c *call) formBody(f *form) (api.Body, error) {
	body := api.Body{Reader: f.file, Length: -1}
	encoded, has := f.fields["policy"]
	if !has {
		return body, nil
	}
	document, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return body, api.Errorf(api.InvalidPolicyDocument, "Invalid Policy: invalid Base64 encoding.")
	}
	policy, err := postpolicy.Parse(document)
	if err != nil {
		return body, err
	}
	f.fields["bucket"] = c.bucket
	body.Reader = &boundedReader{from: f.file, least: policy.MinLength, most: policy.MaxLength}
	return body, policy.Check(time.Now(), f.fields)
}

// boundedReader reads a file that must be of a size between two bounds, both inclusive.
type boundedReader struct {
	from        io.Reader
	read        int64
	least, most int64 // most is -1 for no bound
}

func (r *boundedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.read += int64(n)
	switch {
	case r.most >= 0 && r.read > r.most:
		return 0, r.outside(api.EntityTooLarge, "MaxSizeAllowed", r.most)
	case err == io.EOF && r.read < r.least:
		return 0, r.outside(api.EntityTooSmall, "MinSizeAllowed", r.least)
	}
	return n, err
}

func (r *boundedReader) outside(code api.Code, name string, bound int64) error {
	return api.NewError(code,
		api.Detail{Name: "ProposedSize", Value: strconv.FormatInt(r.read, 10)}, // as far as it was read
		api.Detail{Name: name, Value: strconv.FormatInt(bound, 10)})
}

// obeyForm makes the fields of the form the headers of the request.
func (c *call) obeyForm(f *form) error {
	header, err := f.header()
	if err != nil {
		return err
	}
	c.r = c.r.WithContext(c.r.Context()) // a copy: net/http looks at the headers of its own
	c.r.Header = header
	c.by.ExpectedOwner = cmp.Or(c.header("X-Amz-Expected-Bucket-Owner"), c.by.ExpectedOwner)
	return c.refuseHeaders()
}

// formTags reads the tags of a form, which has them as a document.
func formTags(document string) ([]eventlog.Tag, error) {
	if document == "" {
		return nil, nil
	}
	var t tagging
	if err := decodeXML([]byte(document), &t); err != nil {
		return nil, err
	}
	return t.tags(api.ObjectTags)
}

// answerForm answers as the form asks for: with a page to go to, or with a status.
func (c *call) answerForm(f *form, created *api.Created) error {
	header := c.w.Header()
	etag := `"` + created.Object.ETag + `"`
	target, err := url.Parse(cmp.Or(f.fields["success_action_redirect"], f.fields["redirect"]))
	if err == nil && target.Host != "" && (target.Scheme == "http" || target.Scheme == "https") {
		if target.RawQuery != "" {
			target.RawQuery += "&"
		}
		target.RawQuery += "bucket=" + url.QueryEscape(c.bucket) + "&key=" + url.QueryEscape(c.key) + "&etag=" + url.QueryEscape(etag)
		header["Location"] = []string{target.String()}
		return c.empty(http.StatusSeeOther)
	}
	location := c.objectURL()
	header["Location"] = []string{location}
	switch f.fields["success_action_status"] {
	case "200":
		return c.empty(http.StatusOK)
	case "201":
		x := newXML(512)
		x.open("PostResponse")
		x.text("Location", location)
		x.text("Bucket", c.bucket)
		x.text("Key", c.key)
		x.etag(created.Object.ETag)
		x.close("PostResponse")
		c.xml(http.StatusCreated, x)
		return nil
	}
	return c.empty(http.StatusNoContent)
}
