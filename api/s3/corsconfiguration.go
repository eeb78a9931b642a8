package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/bleepstore/bleepstore/api"
	"github.com/bleepstore/bleepstore/eventlog"
)

// maxCORSConfiguration is how many bytes the document of a bucket's rules can have.
const maxCORSConfiguration = 64 << 10

// corsConfiguration is the document of a bucket's rules.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
type corsConfiguration struct {
	XMLName xml.Name `xml:"CORSConfiguration"`
	Rules   []struct {
		ID             string
		AllowedMethods []string `xml:"AllowedMethod"`
		AllowedOrigins []string `xml:"AllowedOrigin"`
		AllowedHeaders []string `xml:"AllowedHeader"`
		ExposeHeaders  []string `xml:"ExposeHeader"`
		MaxAge         *int32   `xml:"MaxAgeSeconds"`
	} `xml:"CORSRule"`
}

func (configuration *corsConfiguration) rules() []eventlog.CORSRule {
	rules := make([]eventlog.CORSRule, len(configuration.Rules))
	for i, r := range configuration.Rules {
		rules[i] = eventlog.CORSRule{
			ID: r.ID, AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods,
			AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposeHeaders,
		}
		if r.MaxAge != nil {
			rules[i].MaxAge = new(int64(*r.MaxAge))
		}
	}
	return rules
}

// getBucketCORS implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html
func (c *call) getBucketCORS() error {
	bucket, err := c.h.Service.Bucket(c.r.Context(), c.by, c.bucket)
	if err != nil {
		return err
	}
	if len(bucket.CORS) == 0 {
		return api.NewError(api.NoSuchCORSConfiguration, api.Detail{Name: "BucketName", Value: c.bucket})
	}
	x := newXML(256 + 256*len(bucket.CORS))
	x.root("CORSConfiguration")
	for i := range bucket.CORS {
		x.corsRule(&bucket.CORS[i])
	}
	x.close("CORSConfiguration")
	c.xml(http.StatusOK, x)
	return nil
}

func (x *xmlWriter) corsRule(rule *eventlog.CORSRule) {
	x.open("CORSRule")
	x.textIf("ID", rule.ID)
	x.texts("AllowedMethod", rule.AllowedMethods)
	x.texts("AllowedOrigin", rule.AllowedOrigins)
	x.texts("AllowedHeader", rule.AllowedHeaders)
	if rule.MaxAge != nil {
		x.int("MaxAgeSeconds", *rule.MaxAge)
	}
	x.texts("ExposeHeader", rule.ExposeHeaders)
	x.close("CORSRule")
}

// putBucketCORS implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
func (c *call) putBucketCORS() error {
	body, err := c.content()
	if err != nil {
		return err
	}
	var configuration corsConfiguration
	if err := c.readDocument(&configuration, body, maxCORSConfiguration); err != nil {
		return err
	}
	if err := c.h.Service.PutBucketCORS(c.r.Context(), c.by, c.bucket, configuration.rules()); err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// deleteBucketCORS implements https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html
func (c *call) deleteBucketCORS() error {
	if err := c.h.Service.DeleteBucketCORS(c.r.Context(), c.by, c.bucket); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
