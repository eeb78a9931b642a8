package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
	"github.com/bleepstore/bleepstore/projections"
)

const (
	versionHeader = "X-Amz-Version-Id"
	markerHeader  = "X-Amz-Delete-Marker"
)

// getBucketVersioning implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
func (c *call) getBucketVersioning() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	x := newXML(256)
	x.root("VersioningConfiguration")
	x.textIf("Status", string(bucket.Versioning))
	x.close("VersioningConfiguration")
	c.xml(http.StatusOK, x)
	return nil
}

// versioningConfiguration is the body of PutBucketVersioning.
type versioningConfiguration struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Status    string
	MFADelete string `xml:"MfaDelete"`
}

// putBucketVersioning implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
func (c *call) putBucketVersioning() error {
	var configuration versioningConfiguration
	if err := c.readConfiguration(&configuration); err != nil {
		return err
	}
	status := eventlog.Versioning(configuration.Status)
	switch {
	case configuration.MFADelete == "Enabled":
		return api.Errorf(api.NotImplemented, "MFA delete is not implemented.")
	case configuration.MFADelete != "" && configuration.MFADelete != "Disabled":
		return api.NewError(api.MalformedXML)
	case status == "":
		return api.Errorf(api.IllegalVersioning, "The Versioning element must be specified")
	case status != eventlog.VersioningEnabled && status != eventlog.VersioningSuspended:
		return api.NewError(api.MalformedXML)
	}
	if err := c.h.Service.PutBucketVersioning(c.r.Context(), c.by, c.bucket, status); err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// shownVersion is what a list calls a version: the null version too where the bucket never kept any.
func shownVersion(object *eventlog.Object) string {
	if object.Null {
		return api.NullVersion
	}
	return object.Version
}

// listObjectVersions implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func (c *call) listObjectVersions() error {
	l, urlEncoded, err := c.listing()
	if err != nil {
		return err
	}
	l.Marker, l.MarkerID = c.query.Get("key-marker"), c.query.Get("version-id-marker")
	switch {
	case l.MarkerID != "" && l.Marker == "":
		return api.InvalidArgumentf("version-id-marker", l.MarkerID,
			"A version-id marker cannot be specified without a key marker.")
	case l.MarkerID == "" && c.query.Has("version-id-marker") && l.Marker != "":
		return api.InvalidArgumentf("version-id-marker", "", "A version-id marker cannot be empty.")
	}
	page, err := c.h.Service.ListVersions(c.r.Context(), c.by, l)
	if err != nil {
		return err
	}
	x := newXML(1024 + 480*len(page.Records) + 128*len(page.CommonPrefixes))
	x.urlEncoded = urlEncoded
	x.root("ListVersionsResult")
	x.text("Name", c.bucket)
	x.key("Prefix", l.Prefix)
	x.key("KeyMarker", l.Marker)
	x.text("VersionIdMarker", l.MarkerID)
	x.keyIf("NextKeyMarker", page.Next)
	// Also of a null version, whose name would not tell any more where the page ended when the version is deleted.
	x.textIf("NextVersionIdMarker", page.NextID)
	x.pageEnd(l, page.Truncated)
	for _, version := range page.Records {
		x.version(version)
	}
	x.commonPrefixes(page.CommonPrefixes)
	x.close("ListVersionsResult")
	c.xml(http.StatusOK, x)
	return nil
}

// version writes an entry of a list of versions.
func (x *xmlWriter) version(v projections.ListedVersion) {
	name := "Version"
	if v.DeleteMarker {
		name = "DeleteMarker"
	}
	x.open(name)
	x.key("Key", v.Key)
	x.text("VersionId", shownVersion(&v.Object))
	x.bool("IsLatest", v.Latest)
	if v.DeleteMarker {
		x.time("LastModified", v.Modified)
		x.owner("Owner", v.Owner)
	} else {
		x.object(&v.Object, true)
	}
	x.close(name)
}
