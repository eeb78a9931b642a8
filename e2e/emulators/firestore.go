package emulators

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// Firestore starts Google's emulator of Firestore in Native mode and returns its address, to which a client speaks gRPC in
// plain text, as any project and database and without credentials. The emulator is a jar, in the place where its package for
// Debian puts it or where FIRESTORE_EMULATOR_JAR says.
func Firestore(t testing.TB) (hostport string) {
	t.Helper()
	java := command(t, "java")
	jar := os.Getenv("FIRESTORE_EMULATOR_JAR")
	if jar == "" {
		jar = "/usr/lib/google-cloud-sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
	}
	if _, err := os.Stat(jar); err != nil {
		missing(t, jar+", which the package google-cloud-cli-firestore-emulator installs; FIRESTORE_EMULATOR_JAR names another place")
	}
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	start(t, exec.Command(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.language=en",
		"-cp", jar, "com.google.cloud.datastore.emulator.firestore.CloudFirestore", "--host=127.0.0.1", "--port="+port),
		func() bool { return answers("http://" + address) })
	return address
}

// answers tells whether a web server answers a GET with success.
func answers(url string) bool {
	response, err := http.Get(url)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // the status is all there is to know
	return response.StatusCode == http.StatusOK
}
