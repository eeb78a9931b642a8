package e2e

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"

	"github.com/bleepstore/bleepstore/e2e/emulators"
)

// engine is a metadata engine beside the default one, and what tells a server to use it.
type engine struct {
	name     string
	settings []string // variables of the environment
}

// startEngines returns all engines that keep what they have, but the default one. Those of clouds are emulated until the test
// ends: what no emulator can show, such as throttling and permissions, is in the README files of the engines.
func startEngines(t testing.TB) []engine {
	t.Helper()
	cosmos := emulators.Cosmos(t)
	return []engine{
		{name: "jsonl"},
		{name: "sqlite"},
		{name: "dynamodb", settings: []string{
			"BLEEPSTORE_METADATA_DYNAMODB_ENDPOINT=" + emulators.DynamoDB(t), "BLEEPSTORE_METADATA_DYNAMODB_REGION=us-east-1",
			"BLEEPSTORE_METADATA_DYNAMODB_ACCESS_KEY=emulator", "BLEEPSTORE_METADATA_DYNAMODB_SECRET_KEY=emulator",
		}},
		{name: "firestore", settings: []string{
			"BLEEPSTORE_METADATA_FIRESTORE_ENDPOINT=" + emulators.Firestore(t), "BLEEPSTORE_METADATA_FIRESTORE_PROJECT=emulator",
		}},
		{name: "cosmos", settings: []string{
			"BLEEPSTORE_METADATA_COSMOS_ENDPOINT=" + cosmos.Endpoint, "BLEEPSTORE_METADATA_COSMOS_KEY=" + cosmos.Key,
		}},
	}
}

// at returns what tells the server of a data folder where its metadata is, and nothing to use it: servers share the clouds.
func (e engine) at(dir string) []string { return append(placesFor(dir), e.settings...) }

// serving returns what has the server of a data folder serve from the engine.
func (e engine) serving(dir string) []string {
	return append(e.at(dir), "BLEEPSTORE_METADATA_ENGINE="+e.name)
}

// placesFor names places in clouds that belong to the server of a data folder.
func placesFor(dir string) []string {
	hash := fnv.New64a()
	hash.Write([]byte(dir))
	place := fmt.Sprintf("of-%016x", hash.Sum64())
	return []string{
		"BLEEPSTORE_METADATA_DYNAMODB_TABLE=" + place, "BLEEPSTORE_METADATA_FIRESTORE_COLLECTION=" + place,
		"BLEEPSTORE_METADATA_COSMOS_CONTAINER=" + place,
		"BLEEPSTORE_STORAGE_S3_PREFIX=" + place + "/", "BLEEPSTORE_STORAGE_GCS_PREFIX=" + place + "/",
		"BLEEPSTORE_STORAGE_AZBLOB_PREFIX=" + place + "/",
	}
}

// serverEnv is the variable with what is added to the environment of all servers, a line for each. The tests run themselves
// with it, to test all engines.
const serverEnv = "E2E_SERVER_ENV"

// addedEnvironment is what serverEnv adds to the environment of the server of a data folder.
func addedEnvironment(dir string) []string {
	if added := os.Getenv(serverEnv); added != "" {
		return append(placesFor(dir), strings.Split(added, "\n")...)
	}
	return nil
}

// behaviour are the tests of what S3 clients see.
const behaviour = "^Test(" +
	"BucketLife|ListBuckets|BucketNames|AccountsDoNotShareBuckets|BucketCORS|BucketTags|" +
	"ObjectsOfAllSizes|OverwriteAndDelete|DeleteObjects|AttributesComeBackAsTheyWere|ObjectTags|OddKeys|TooLongKeys|" +
	"ConditionalReads|ConditionalWrites|ConditionalWriteRace|CompareAndSwapRace|ConditionalDeleteRace|" +
	"Copy|CopyDirectives|CopyOntoItself|CopyConditions|UploadPartCopy|" +
	"Lists|ListedObjects|ListLimits|Multipart|MultipartAbort|MultipartMistakes|MultipartChecksums|ListParts|ListUploads|" +
	"UploadsExpire|VersionsOutliveTheServer|" +
	"AWSCLI|Boto3|Rclone|S3cmd|Restic" +
	")$"

// S3 clients see the same on every engine, and so do the bytes of what was deleted.
func TestBehaviourOnEachEngine(t *testing.T) {
	t.Parallel()
	for _, engine := range startEngines(t) {
		t.Run(engine.name, func(t *testing.T) {
			runBehaviour(t, behaviour+"|^TestBytesOfDeletedObjectsAreGivenBack$", append(engine.settings, "BLEEPSTORE_METADATA_ENGINE="+engine.name)...)
		})
	}
}
