package dynamodb_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/bleepstore/bleepstore/projections/dynamodb"
)

func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one about %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error is %q, want one about %q", err, text)
		}
	}
	t.Log(err)
}

// TestRefused checks what errors of the service are turned into.
func TestRefused(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	tests := []struct{ code, message, want string }{
		{"UnrecognizedClientException", "The security token included in the request is invalid.", "wrong credentials"},
		{"InvalidSignatureException", "The request signature we calculated does not match.", "wrong credentials"},
		{"ExpiredTokenException", "The security token included in the request is expired", "expired: renew"},
		{"AccessDeniedException", "User: arn:aws:iam::1:user/u is not authorized", "allow dynamodb:GetItem"},
		{"ResourceNotFoundException", "Requested resource not found", "the table is gone"},
		{"ProvisionedThroughputExceededException", "The level was exceeded.", "raise the capacity"},
		{"ThrottlingException", "Rate exceeded", "raise the capacity"},
		{"ValidationException", "Item size has exceeded the maximum allowed size", "400 KB"},
		{"ValidationException", "Something else", "Something else"},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			p.set(func(w http.ResponseWriter, _ string, _ int, _ []byte) bool {
				refuse(w, 400, tt.code, tt.message)
				return true
			})
			wantError(t, table.Check(t.Context()), "DynamoDB", `"table"`, "us-east-1", tt.message, tt.want)
		})
	}
}

// TestUnreachable asks for a table at an address where nobody listens any more.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	p.Close()
	wantError(t, table.Check(t.Context()), "DynamoDB", `"table"`, p.URL, "no answer: check the network")
}

// TestCanceled checks that a call ends with its context, though the service does not answer.
func TestCanceled(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	arrived, end := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(end) })
	p.set(func(http.ResponseWriter, string, int, []byte) bool {
		close(arrived)
		<-end
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if err := table.Write(ctx, puts(1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v", err)
	}
}

// TestDeleted deletes a table while it is open.
func TestDeleted(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	if _, err := newClient(p.URL).DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: aws.String("table")}); err != nil {
		t.Fatal(err)
	}
	wantError(t, table.Write(t.Context(), puts(1, 1)), "the table is gone: restart")
	write(t, openClosed(t, emulated("table", p.URL)), puts(1, 1)...)
}

func TestNoCredentials(t *testing.T) {
	p := newProxy(t)
	nowhere := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": nowhere,
		"AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
	} {
		t.Setenv(name, value)
	}
	tests := []struct {
		name   string
		change func(*dynamodb.Config)
		want   string
	}{
		{"credentials", func(c *dynamodb.Config) { c.AccessKey, c.SecretKey = "", "" }, "no credentials: set an access key"},
		{"secret key", func(c *dynamodb.Config) { c.SecretKey = "" }, "belong together"},
		{"region", func(c *dynamodb.Config) { c.Region = "" }, "no region: set it"},
		{"table", func(c *dynamodb.Config) { c.Table = "" }, "the name of the DynamoDB table is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := emulated("table", p.URL)
			tt.change(&c)
			_, err := dynamodb.Open(t.Context(), c)
			wantError(t, err, "DynamoDB", tt.want)
		})
	}
}

// TestMayNot opens tables without the permissions that it takes.
func TestMayNot(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	denied := ""
	p.set(func(w http.ResponseWriter, operation string, _ int, _ []byte) bool {
		if operation == denied {
			refuse(w, 400, "AccessDeniedException", "User: u is not authorized to perform: dynamodb:"+operation)
		}
		return operation == denied
	})
	denied = "CreateTable"
	_, err := dynamodb.Open(t.Context(), emulated("table", p.URL))
	wantError(t, err, "allow dynamodb:CreateTable", "aws dynamodb create-table --endpoint-url "+p.URL+" --region us-east-1 --table-name table ")
	denied = "DescribeTable"
	_, err = dynamodb.Open(t.Context(), emulated("table", p.URL))
	wantError(t, err, "allow dynamodb:DescribeTable")
}

// TestOtherKey opens a table that somebody made for something else.
func TestOtherKey(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	_, err := newClient(p.URL).CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: aws.String("table"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "N"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = dynamodb.Open(t.Context(), emulated("table", p.URL))
	wantError(t, err, "its key is id (N, HASH), and has to be partition (S, HASH), sort (S, RANGE)")
}

// TestForeignItem reads an item that somebody else has put into the table.
func TestForeignItem(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	table := openClosed(t, emulated("table", p.URL))
	_, err := newClient(p.URL).PutItem(t.Context(), &sdk.PutItemInput{TableName: aws.String("table"), Item: map[string]types.AttributeValue{
		"partition": &types.AttributeValueMemberS{Value: "p"}, "sort": &types.AttributeValueMemberS{Value: "s"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = table.Scan(t.Context(), "p", "", "", 1)
	wantError(t, err, `item "p" "s" was not written by BleepStore`)
}
