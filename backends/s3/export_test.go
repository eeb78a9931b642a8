package s3

// Actions are the permissions that operations take.
var Actions = actions
