package dynamodb

import (
	"context"
	"time"
)

// OpenImpatient opens a table whose requests get a fixed time for their answers, and are taken to be settled a fixed time
// after that.
func OpenImpatient(ctx context.Context, c Config, attempt, settle time.Duration) (*Table, error) {
	return open(ctx, c, limits{attempt: attempt, settle: settle})
}

// CreateCommand creates a table with the AWS CLI; %s is for the flags that name it.
const CreateCommand = createCommand
