// Command gcs runs fake-gcs-server, which keeps all in memory, at an address until it is killed.
package main

import (
	"flag"
	"log"
	"net"
	"strconv"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	address := flag.String("address", "", "where to listen, as `HOST:PORT`")
	flag.Parse()
	host, digits, err := net.SplitHostPort(*address)
	if err != nil {
		log.Fatal(err)
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		log.Fatal(err)
	}
	// Downloads go to /BUCKET/OBJECT on the public host, and uploads on to where the external URL sends them.
	if _, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", Host: host, Port: uint16(port), PublicHost: *address, ExternalURL: "http://" + *address,
	}); err != nil {
		log.Fatal(err)
	}
	select {}
}
