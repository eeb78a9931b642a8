package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bleepstore/bleepstore/api"
)

// The attributes that x-amz-object-attributes can ask for.
var objectAttributes = []string{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}

// getObjectAttributes implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
func (c *call) getObjectAttributes() error {
	name, err := c.objectName()
	if err != nil {
		return err
	}
	wanted, err := c.wantedAttributes()
	if err != nil {
		return err
	}
	page := api.ObjectPartsInput{}
	if page.MaxParts, err = c.headerNumber("X-Amz-Max-Parts", maxPage); err != nil {
		return err
	}
	if page.After, err = c.headerNumber("X-Amz-Part-Number-Marker", 0); err != nil {
		return err
	}
	page.MaxParts = min(page.MaxParts, maxPage)
	out, err := c.h.Service.ObjectAttributes(c.r.Context(), c.by, name, page)
	if err != nil {
		return err
	}
	header := c.w.Header()
	header["Last-Modified"] = []string{out.Object.Modified.UTC().Format(http.TimeFormat)}
	setIf(header, versionHeader, out.VersionID)
	x := newXML(512 + 256*len(out.Parts))
	x.root("GetObjectAttributesResponse")
	if wanted["ETag"] {
		x.text("ETag", out.Object.ETag) // without quotes, here alone
	}
	if wanted["Checksum"] && out.Object.Checksum.Value != "" {
		checksum := out.Object.Checksum
		checksum.Value, _, _ = strings.Cut(checksum.Value, "-") // without the number of parts, here alone
		x.open("Checksum")
		x.checksum(checksum)
		x.textIf("ChecksumType", checksum.Type)
		x.close("Checksum")
	}
	if wanted["ObjectParts"] && out.PartsCount > 0 {
		x.objectParts(out, page)
	}
	if wanted["StorageClass"] {
		x.text("StorageClass", shownClass(out.Object.Attributes.StorageClass))
	}
	if wanted["ObjectSize"] {
		x.int("ObjectSize", out.Object.Size)
	}
	x.close("GetObjectAttributesResponse")
	c.xml(http.StatusOK, x)
	return nil
}

// objectParts writes the element that tells of an object's parts.
func (x *xmlWriter) objectParts(out *api.ObjectAttributes, page api.ObjectPartsInput) {
	x.open("ObjectParts")
	x.int("PartsCount", int64(out.PartsCount))
	if out.Object.Checksum.Type == api.Composite {
		x.int("PartNumberMarker", int64(page.After))
		x.int("NextPartNumberMarker", int64(out.Next))
		x.int("MaxParts", int64(page.MaxParts))
		x.bool("IsTruncated", out.Truncated)
	}
	for _, part := range out.Parts {
		x.open("Part")
		x.int("PartNumber", int64(part.Number))
		x.int("Size", part.Size)
		x.checksum(part.Checksum)
		x.close("Part")
	}
	x.close("ObjectParts")
}

// wantedAttributes reads which attributes the request asks for.
func (c *call) wantedAttributes() (map[string]bool, error) {
	const header = "x-amz-object-attributes"
	wanted := make(map[string]bool)
	for name := range strings.SplitSeq(c.headerList("X-Amz-Object-Attributes"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.Contains(objectAttributes, name) {
			return nil, api.InvalidArgumentf(header, name, "Invalid attribute name specified.")
		}
		wanted[name] = true
	}
	if len(wanted) == 0 {
		return nil, api.InvalidArgumentf(header, "",
			"The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	return wanted, nil
}

// headerNumber returns a header that is a number, not negative.
func (c *call) headerNumber(name string, without int) (int, error) {
	value := c.header(name)
	if value == "" {
		return without, nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 0 {
		return 0, api.InvalidArgumentf(strings.ToLower(name), value, "Provided %s not an integer or within integer range", strings.ToLower(name))
	}
	return int(n), nil
}
