// Command s3 runs versitygw over a folder, at an address until it is killed.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	address := flag.String("address", "", "where to listen, as `HOST:PORT`")
	dir := flag.String("dir", "", "folder of buckets, which are folders of objects, which are files")
	sidecar := flag.String("sidecar", "", "folder of what is known of objects, if files can't have extended attributes")
	access := flag.String("access-key", "", "the one access key")
	secret := flag.String("secret-key", "", "its secret")
	region := flag.String("region", "", "region that requests are signed for")
	flag.Parse()

	var attributes meta.MetadataStorer = meta.XattrMeta{}
	options := posix.PosixOpts{CopyObjectThreshold: 5 << 30}
	if (meta.XattrMeta{}).Test(*dir) != nil {
		beside, err := meta.NewSideCar(*sidecar)
		if err != nil {
			log.Fatal(err)
		}
		attributes, options.SideCarDir = beside, *sidecar
	}
	folders, err := posix.New(*dir, attributes, options)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(embedgw.RunVersityGW(context.Background(), folders, &embedgw.Config{
		RootUserAccess: *access, RootUserSecret: *secret, Region: *region,
		IAMService: single{auth.NewIAMServiceSingle(auth.Account{Access: *access, Secret: *secret, Role: auth.RoleAdmin})},
		Ports:      []string{*address}, MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10_000,
		KeepAlive: true, Quiet: true,
	}))
}

// single has one access key, and refuses others by the error of S3, where versitygw has one of its own.
type single struct{ auth.IAMService }

func (s single) GetUserAccount(access string) (auth.Account, error) {
	account, err := s.IAMService.GetUserAccount(access)
	if err != nil {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return account, nil
}
