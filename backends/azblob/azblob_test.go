package azblob

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/bleepstore/bleepstore/backends/remote"
	"github.com/bleepstore/bleepstore/backends/remote/buckettest"
	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// quick are retries that come at once.
var quick = policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Millisecond, MaxRetryDelay: time.Second}

// TestAzurite has one emulator for all tests, each of which has a container of its own.
func TestAzurite(t *testing.T) {
	account := emulators.AzureBlob(t)
	for name, test := range map[string]func(*testing.T, emulators.AzureAccount){
		"Refused":        testRefused,
		"Hang":           testHang,
		"LostAnswers":    testLostAnswers,
		"Taken":          testTaken,
		"DamagedRequest": testDamagedRequest,
		"DamagedAnswer":  testDamagedAnswer,
		"CutAnswer":      testCutAnswer,
		"IgnoredRange":   testIgnoredRange,
		"WrongSize":      testWrongSize,
		"EarlyAnswer":    testEarlyAnswer,
		"ListBegins":     testListBegins,
		"ListOrder":      testListOrder,
		"Listed":         testListed,
		"DeleteMany":     testDeleteMany,
		"DeleteLeased":   testDeleteLeased,
		"SignIn":         testSignIn,
	} {
		t.Run(name, func(t *testing.T) { test(t, account) })
	}
	buckettest.Run(t, func(t *testing.T) func() (remote.Bucket, error) {
		config := newContainer(t, account)
		return func() (remote.Bucket, error) { return Open(t.Context(), config) }
	})
}

var containers atomic.Int64

// newContainer makes a container, and returns how it is opened with the key of the account.
func newContainer(t *testing.T, account emulators.AzureAccount) Config {
	t.Helper()
	config := Config{
		Container: fmt.Sprintf("container-%d", containers.Add(1)),
		Account:   account.Account, Endpoint: account.Endpoint, Key: account.Key,
	}
	b := mustOpen(t, config)
	if _, err := b.client.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return config
}

// mustOpen opens a container until the end of the test.
func mustOpen(t *testing.T, config Config) *Bucket {
	t.Helper()
	b, err := open(config, quick, newIdentity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// mustOpenAs opens a container until the end of the test, as somebody who has an identity.
func mustOpenAs(t *testing.T, config Config, identity azcore.TokenCredential) *Bucket {
	t.Helper()
	b, err := open(config, quick, func() (azcore.TokenCredential, error) { return identity, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// withSAS returns how the same container is opened with a SAS for it that permits some things.
func withSAS(t *testing.T, config Config, permissions string) Config {
	t.Helper()
	key, err := container.NewSharedKeyCredential(config.Account, config.Key)
	if err != nil {
		t.Fatal(err)
	}
	values, err := sas.BlobSignatureValues{
		ContainerName: config.Container, ExpiryTime: time.Now().Add(time.Hour), Permissions: permissions,
	}.SignWithSharedKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Container: config.Container, Endpoint: config.Endpoint, SAS: values.Encode()}
}
