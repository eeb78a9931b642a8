package public

import (
	"crypto/sha256"
	"crypto/subtle"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// insiderPrefix begins the names of users who are this process. No access key has a slash.
const insiderPrefix = "/"

// login lets in who has an access key and its secret.
type login struct {
	users  map[string]user
	lookup func(name string) *natsserver.Account
}

// user is who can log in.
type user struct {
	account string // its name
	secret  [sha256.Size]byte
	insider bool // may do everything in the account
}

// newLogin makes a login for keys, and for this process, which has a secret for all accounts.
func newLogin(keys []Key, secret string, lookup func(name string) *natsserver.Account) *login {
	l := &login{users: make(map[string]user), lookup: lookup}
	for _, a := range accountsOf(keys) {
		l.users[insiderPrefix+a.name] = user{account: a.name, secret: sha256.Sum256([]byte(secret)), insider: true}
	}
	for _, key := range keys {
		l.users[key.AccessKey] = user{account: key.accountName(), secret: sha256.Sum256([]byte(key.SecretKey))}
	}
	return l
}

// Check implements server.Authentication.
func (l *login) Check(client natsserver.ClientAuthentication) bool {
	opts := client.GetOpts()
	user, known := l.users[opts.Username]
	given := sha256.Sum256([]byte(opts.Password))
	if subtle.ConstantTimeCompare(given[:], user.secret[:]) != 1 || !known || client.Kind() != natsserver.CLIENT {
		return false
	}
	account := l.lookup(user.account)
	if account == nil || !user.insider && account.NumLocalConnections() > maxAccountConnections {
		return false
	}
	registered := &natsserver.User{Username: opts.Username, Account: account}
	if !user.insider {
		registered.Permissions = permissions()
	}
	client.RegisterUser(registered)
	return true
}

// permissions are those of all subscribers: to look at the stream, to read it, and to have consumers on it, which are positions of
// their own. Mappings come before permissions, so what they may publish, to the gate, is named as it comes to it.
func permissions() *natsserver.Permissions {
	const api, ofStream = asked + "API.", "." + StreamName
	return &natsserver.Permissions{
		Publish: &natsserver.SubjectPermission{Allow: []string{
			api + "INFO",
			api + "STREAM.NAMES",
			api + "STREAM.LIST",
			api + "STREAM.INFO" + ofStream,
			api + "STREAM.MSG.GET" + ofStream,
			api + "DIRECT.GET" + ofStream,
			api + "DIRECT.GET" + ofStream + ".>",
			api + "CONSUMER.CREATE" + ofStream,
			api + "CONSUMER.CREATE" + ofStream + ".>",
			api + "CONSUMER.DURABLE.CREATE" + ofStream + ".*",
			api + "CONSUMER.NAMES" + ofStream,
			api + "CONSUMER.LIST" + ofStream,
			api + "CONSUMER.INFO" + ofStream + ".*",
			api + "CONSUMER.DELETE" + ofStream + ".*",
			api + "CONSUMER.MSG.NEXT" + ofStream + ".*",
			asked + "ACK" + ofStream + ".>",
			asked + "FC" + ofStream + ".>", // answers to the flow control of push consumers
		}},
		Subscribe: &natsserver.SubjectPermission{Allow: []string{inboxes + ">", eventSubjects}},
	}
}
