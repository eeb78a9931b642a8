package firestore

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// explain says of an error what was being done where, and what to do about it if that can be told.
func (t *Table) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s in %v: %w: %w", doing, t.place, cause, err)
	}
	if remedy := t.remedy(err); remedy != "" {
		return fmt.Errorf("%s in %v: %w: %s", doing, t.place, err, remedy)
	}
	return fmt.Errorf("%s in %v: %w", doing, t.place, err)
}

// remedy returns what to do about an error, "" if that is not known. Firestore's own text is before it, and has a link in it
// where one is to be followed.
func (t *Table) remedy(err error) string {
	switch status.Code(err) {
	case codes.Unauthenticated:
		return "Google doesn't take the credentials: check the credentials file, and the clock of this machine"
	case codes.PermissionDenied:
		if disabled(err) {
			return "gcloud services enable firestore.googleapis.com --project=" + t.project
		}
		return "the account needs the role roles/datastore.user: gcloud projects add-iam-policy-binding " + t.project +
			" --member=serviceAccount:EMAIL --role=roles/datastore.user"
	case codes.NotFound:
		return fmt.Sprintf("create the database: gcloud firestore databases create --project=%s --database='%s' "+
			"--type=firestore-native --location=LOCATION", t.project, t.database)
	case codes.FailedPrecondition:
		if strings.Contains(strings.ToLower(err.Error()), "datastore mode") {
			return "only a database in Native mode will do: create another one in the project, and name it"
		}
		return "if an index is missing, follow the link, or remove the exemption from indexing of the field " + sortField +
			" in the collection group " + rowsCollection
	case codes.ResourceExhausted:
		return "a quota is used up, or the load rose faster than Firestore grows: see the quotas and the billing of the project"
	case codes.Unavailable, codes.DeadlineExceeded:
		return "check the network between here and Firestore, and https://status.cloud.google.com"
	}
	if strings.Contains(err.Error(), "could not find default credentials") {
		return "name a credentials file, set GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login"
	}
	return ""
}

// disabled tells whether an error says that the project doesn't use Firestore yet.
func disabled(err error) bool {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Reason == "SERVICE_DISABLED" {
			return true
		}
	}
	return false
}
