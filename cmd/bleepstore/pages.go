package main

// When a command may be run.
const (
	alsoServing = "It works on the data folder of a stopped server, and while a server runs on it: then that server does it."
	onlyStopped = "The server must be stopped."
)

// pages has the page of each command, by its name with those of the commands above it.
var pages = map[string]page{
	"serve": {
		synopsis: []string{"[FLAGS]"},
		about: `Serves the objects of a data folder to S3 clients until it gets SIGINT or SIGTERM; then it lets requests in flight finish, for
as long as server.shutdown_timeout. A second signal ends it at once, which loses nothing that was acknowledged.
SIGHUP has it open the file of the access log again, if there is one.

An address that other machines can reach needs credentials other than the default ones.`,
		examples: []example{
			{"A server to try, on 127.0.0.1:9000, with its data in ./data", "bleepstore"},
			{"With a configuration file", "bleepstore serve --config /etc/bleepstore/bleepstore.yaml"},
			{
				"For all who have the key",
				`BLEEPSTORE_ACCESS_KEY=my-key BLEEPSTORE_SECRET_KEY="$(openssl rand -hex 20)" bleepstore --listen :9000 --data /srv/bleepstore`,
			},
		},
	},
	"log": {
		synopsis: []string{"COMMAND [FLAGS]"},
		about:    "Looks at the event log of a data folder and its archive, and looks after them.",
		examples: []example{{"All about one of the commands", "bleepstore help log trim"}},
	},
	"log info": {
		synopsis: []string{"[FLAGS]"},
		about:    "Prints which commits the log has, and which segments the archive. " + alsoServing,
		examples: []example{{"What there is", "bleepstore log info --data /srv/bleepstore"}},
	},
	"log verify": {
		synopsis: []string{"[FLAGS]"},
		about: `Reads every commit and checks its checksum, its place, and that it follows the one before. The first that does not hold is
an error that says which it is, what was expected and what was found.
` + alsoServing,
		examples: []example{{"Each night, from a timer", "bleepstore log verify --data /srv/bleepstore"}},
	},
	"log export": {
		synopsis: []string{"[FLAGS]"},
		about:    "Prints every event as a line of JSON, in order. " + alsoServing,
		examples: []example{{"Who deleted what", `bleepstore log export --data /srv/bleepstore | jq 'select(.type == "object.deleted")'`}},
	},
	"log snapshot": {
		synopsis: []string{"[FLAGS]"},
		about:    "Takes the copy of the metadata from which a new metadata engine begins, as the server does by itself each snapshot.interval.\n" + alsoServing,
		examples: []example{{"Before the log is trimmed", "bleepstore log snapshot --data /srv/bleepstore"}},
	},
	"log trim": {
		synopsis: []string{"[FLAGS]"},
		about: `Removes the front of the log, of which the archive and a snapshot have everything: nothing is lost by it.
` + alsoServing,
		examples: []example{{"Keep a month beside the archive", "bleepstore log trim --age 720h --data /srv/bleepstore"}},
	},
	"log repair": {
		synopsis: []string{"[FLAGS]"},
		about: `Makes a log of what the archive has and of what is sound of the damaged one, tells what is lost, asks, and puts it in the place
of the damaged log, which is kept beside it. ` + onlyStopped,
		examples: []example{
			{"After \"log verify\" has found damage", "bleepstore log repair --data /srv/bleepstore"},
			{"When neither log nor archive can be read", "bleepstore log repair --from-metadata --data /srv/bleepstore"},
		},
	},
	"notifications": {
		synopsis: []string{"COMMAND [FLAGS]"},
		about: `Looks after the targets that buckets have notifications sent to, and their dead letters: messages that a target did not take
for as long as notifications.give_up_after, or that it has refused.`,
		examples: []example{{"All about one of the commands", "bleepstore help notifications replay"}},
	},
	"notifications list": {
		synopsis: []string{"[FLAGS]"},
		about: `Prints how far each target is behind the log, how many messages wait for it, and what is wrong with it, if anything is.
` + alsoServing,
		examples: []example{{"How they are", "bleepstore notifications list --config bleepstore.yaml"}},
	},
	"notifications dead": {
		synopsis: []string{"[FLAGS] TARGET"},
		about:    "Prints the dead letters of a target, in the order of events, as lines of JSON. " + alsoServing,
		examples: []example{{"Why they are there", "bleepstore notifications dead --config bleepstore.yaml indexer | jq -r '[.id, .key, .error] | @tsv'"}},
	},
	"notifications replay": {
		synopsis: []string{"[FLAGS] TARGET"},
		about: `Sends the first 1,000 dead letters of a target again, in the order of events and behind what waits for it already, and takes
them off the list. Events of the same keys that came later may have been delivered: by the sequencer a target can tell.
` + alsoServing,
		examples: []example{
			{"When the target was seen to", "bleepstore notifications replay --config bleepstore.yaml indexer"},
			{"One of them", "bleepstore notifications replay --config bleepstore.yaml --id 8af2b9e4-6f5b-4f0e-9d0e-3c5d7e1c2a11-000000000000001F0000 indexer"},
		},
	},
	"notifications discard": {
		synopsis: []string{"[FLAGS] TARGET"},
		about:    "Forgets the dead letters of a target, which will never be delivered then. " + alsoServing,
		examples: []example{{"All of them", "bleepstore notifications discard --config bleepstore.yaml indexer"}},
	},
	"events": {
		synopsis: []string{"[FLAGS]", "verify [FLAGS]"},
		about: `Prints the events of the log and its archive, in order, one to a line: all that there are, or those that the flags choose. With
--follow it begins with what happens from now on, unless --from says where, and fails when the server stops.
` + alsoServing,
		examples: []example{
			{"What happens now", "bleepstore events --follow --data /srv/bleepstore"},
			{"What was deleted in the last day, and by whom", "bleepstore events --type 'object.deleted,version.deleted,marker.created' --from 24h"},
			{"All that a key did to a bucket, for a program", "bleepstore events --bucket photos --actor AKIDEXAMPLE --format json"},
			{"Go on behind the last event that was seen, which is printed again", "bleepstore events --follow --from 1234-0 --format cloudevents"},
		},
	},
	"events verify": {
		synopsis: []string{"[FLAGS]"},
		about: `Reads every commit of a range, in the log and in the archive, and checks that it is what was written and follows the one before.
Prints the hash of the last one: kept elsewhere, it proves later with --expect that nothing up to there was changed since.
` + alsoServing,
		examples: []example{
			{"All that there is", "bleepstore events verify --data /srv/bleepstore"},
			{"Against a hash that was kept", "bleepstore events verify --expect 6733feef188f72f2... --data /srv/bleepstore"},
		},
	},
	"history": {
		synopsis: []string{"[FLAGS] BUCKET/KEY"},
		about: `Prints every event of one object that log and archive have, the oldest first: who did what, when, and from where.
` + alsoServing,
		examples: []example{{"Of a photo", "bleepstore history --data /srv/bleepstore photos/2026/cat.jpg"}},
	},
	"backup": {
		synopsis: []string{"[FLAGS] DIR"},
		about: `Copies log, snapshot and objects, as of one moment, to the folder DIR. A folder that has a backup already gets what is new.
` + alsoServing,
		examples: []example{{"Each night, from a timer", "bleepstore backup --data /srv/bleepstore /mnt/backup"}},
	},
	"restore": {
		synopsis: []string{"[FLAGS] DIR"},
		about: `Fills a data folder in which nothing is with the backup in DIR. A restore that was cut short goes on when it is run again.
` + onlyStopped,
		examples: []example{{"On a new machine", "bleepstore restore --data /srv/restored /mnt/backup"}},
	},
	"export": {
		synopsis: []string{"[FLAGS] DIR"},
		about: `Writes objects as plain files, and buckets, settings and metadata as JSON, to the folder DIR. Versions that are not current are
not exported: a backup has them. ` + alsoServing,
		examples: []example{{"All objects as files", "bleepstore export --data /srv/bleepstore /mnt/export"}},
	},
	"import": {
		synopsis: []string{"[FLAGS] DIR", "[FLAGS] --from URL [--to BUCKET]", "[FLAGS] --from-blobs"},
		about: `Brings in an export that is in DIR, or takes over the objects of a bucket in a cloud without copying them, or, when the log is
lost, makes objects of the blobs in a cloud. What is there already stays, so an import that was cut short goes on when it is
run again. It works also while a server runs on the data folder, but for --from-blobs.`,
		examples: []example{
			{"What \"bleepstore export\" has written", "bleepstore import --data /srv/other /mnt/export"},
			{"A bucket that is in use", "bleepstore import --from s3://my-bucket/photos --to photos --config bleepstore.yaml"},
		},
	},
	"rebase": {
		synopsis: []string{"[FLAGS] --storage BACKEND"},
		about: `Copies all blobs to the storage that the configuration describes, then those that came meanwhile, and uses it from then on.
Before the next start, set storage.backend to it. ` + alsoServing,
		examples: []example{{"From the disk to a bucket of S3", "bleepstore rebase --storage s3 --config bleepstore.yaml"}},
	},
	"replay": {
		synopsis: []string{"[FLAGS] --to ENGINE[:PLACE]"},
		about: `Makes the metadata anew in another engine, from a snapshot, the archive and the log, and goes on where it was cut short.
` + alsoServing,
		examples: []example{
			{"To query it with SQL", "bleepstore replay --to sqlite --verify --data /srv/bleepstore"},
			{"What there was at a time", "bleepstore replay --to jsonl:/tmp/then --until 2026-11-25T12:00:00Z --data /srv/bleepstore"},
		},
	},
	"scrub": {
		synopsis: []string{"[FLAGS]"},
		about: `Reads every blob as fast as the storage gives it, and compares it with its checksum. Damage is printed, and is a failure.
` + alsoServing,
		examples: []example{{"After a disk was in doubt", "bleepstore scrub --data /srv/bleepstore"}},
	},
	"stacks": {
		synopsis: []string{"[FLAGS]"},
		about:    "Prints the stacks of all goroutines of the server that runs on a data folder, for whoever has to find out why it hangs.",
		examples: []example{{"For a report", "bleepstore stacks --data /srv/bleepstore > stacks.txt"}},
	},
	"health": {
		synopsis: []string{"[FLAGS]"},
		about: `Asks the server at server.listen for /readyz, and fails unless it answers that it serves S3 requests. It is for supervisors of
containers and services, on the machine of the server, whose certificate is not checked.`,
		examples: []example{
			{"In a script", "until bleepstore health --config /etc/bleepstore/bleepstore.yaml; do sleep 1; done"},
			{"In a Dockerfile", `HEALTHCHECK CMD ["bleepstore", "health"]`},
		},
	},
	"version": {
		synopsis: []string{""},
		about:    "Prints the version, the version of Go and the platform, and the commit from which the program was built and when that was made.",
		examples: []example{{"For a report", "bleepstore version"}},
	},
	"completion": {
		synopsis: []string{"SHELL"},
		about:    "Prints a script for a shell, which asks this program what a command line can go on with.",
		examples: []example{
			{"For this bash", "source <(bleepstore completion bash)"},
			{"For each fish", "bleepstore completion fish > ~/.config/fish/completions/bleepstore.fish"},
		},
	},
	"completion bash": {
		synopsis: []string{""},
		examples: []example{
			{"For this shell", "source <(bleepstore completion bash)"},
			{"For all users", "bleepstore completion bash > /usr/share/bash-completion/completions/bleepstore"},
		},
	},
	"completion zsh": {
		synopsis: []string{""},
		examples: []example{
			{"For this shell, after compinit", "source <(bleepstore completion zsh)"},
			{"For each, in a folder of fpath", `bleepstore completion zsh > "${fpath[1]}/_bleepstore"`},
		},
	},
	"completion fish": {
		synopsis: []string{""},
		examples: []example{
			{"For this shell", "bleepstore completion fish | source"},
			{"For each", "bleepstore completion fish > ~/.config/fish/completions/bleepstore.fish"},
		},
	},
	"completion words": {
		synopsis: []string{"[WORD...]"},
		about: `Prints with what the last of the words of a command line can go on, which may be empty: a line each, with a tabulator before
what it means. Nothing if that is a path, or unknown. The scripts call it.`,
		examples: []example{{"The commands that begin with re", "bleepstore completion words re"}},
	},
	"help": {
		synopsis: []string{"[COMMAND]"},
		examples: []example{{"About a command of a command", "bleepstore help log trim"}},
	},
}
