package emulators

import (
	"encoding/base64"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
)

// CosmosAccount is what a client needs to use an account of Azure Cosmos DB.
type CosmosAccount struct{ Endpoint, Key string }

// Cosmos starts @vercel/cosmosdb-server, which stands for an account of Azure Cosmos DB for NoSQL; cosmos.js says what we
// make it do that it doesn't by itself. It speaks plain HTTP and takes any key.
func Cosmos(t testing.TB) CosmosAccount {
	t.Helper()
	node := command(t, "node")
	npmFile(t, "@vercel", "cosmosdb-server", "package.json")
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	start(t, exec.Command(node, filepath.Join(folder(), "cosmos.js"), port), func() bool { return connects(address) })
	return CosmosAccount{Endpoint: "http://" + address, Key: base64.StdEncoding.EncodeToString([]byte("any"))}
}
