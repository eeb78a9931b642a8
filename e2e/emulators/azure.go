package emulators

import (
	"net"
	"os/exec"
	"testing"
)

// AzureAccount is what a client needs to use a storage account of Azure.
type AzureAccount struct{ Endpoint, Account, Key, ConnectionString string }

// azuriteKey is the key of the account that azurite has by itself, which is the same everywhere.
const azuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

// AzureBlob starts azurite, which stands for a storage account of Azure with its blobs, and has no container at first. The
// client library takes the connection string, or the endpoint with a shared key.
//
// What azurite depends on for telemetry and for SQL databases isn't used here, so the "overrides" of package.json pin early
// versions of those packages, which weigh 2 MB where later ones weigh 300.
func AzureBlob(t testing.TB) AzureAccount {
	t.Helper()
	node := command(t, "node")
	main := npmFile(t, "azurite", "dist", "src", "blob", "main.js")
	address := freeAddress(t)
	host, port, _ := net.SplitHostPort(address)
	start(t, exec.Command(node, main, "--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--disableTelemetry",
		"--silent"), func() bool { return connects(address) })
	account := AzureAccount{Endpoint: "http://" + address + "/devstoreaccount1", Account: "devstoreaccount1", Key: azuriteKey}
	account.ConnectionString = "DefaultEndpointsProtocol=http;AccountName=" + account.Account + ";AccountKey=" + account.Key +
		";BlobEndpoint=" + account.Endpoint + ";"
	return account
}
