package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// creationPatience bounds the wait for a table that is being created, which takes DynamoDB some seconds.
const creationPatience = 2 * time.Minute

// createCommand is for the AWS CLI, with the flags that say which table and where.
const createCommand = "aws dynamodb create-table %s" +
	" --attribute-definitions AttributeName=partition,AttributeType=S AttributeName=sort,AttributeType=S" +
	" --key-schema AttributeName=partition,KeyType=HASH AttributeName=sort,KeyType=RANGE" +
	" --billing-mode PAY_PER_REQUEST"

// prepare sees to it that the table is there, ready, and has the right key.
func (t *Table) prepare(ctx context.Context) error {
	table, err := t.describe(ctx)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		if err := t.create(ctx); err != nil {
			return err
		}
		table, err = t.ready(ctx)
	} else if err == nil && table.TableStatus == types.TableStatusCreating {
		table, err = t.ready(ctx)
	}
	if err != nil {
		return t.explain(err)
	}
	if table.TableStatus != types.TableStatusActive && table.TableStatus != types.TableStatusUpdating {
		return t.explain(fmt.Errorf("its status is %s and has to be ACTIVE", table.TableStatus))
	}
	if key := keyOf(table); key != "partition (S, HASH), sort (S, RANGE)" {
		return t.explain(fmt.Errorf("its key is %s, and has to be partition (S, HASH), sort (S, RANGE): name another table, "+
			"or delete this one", key))
	}
	return nil
}

func (t *Table) describe(ctx context.Context) (*types.TableDescription, error) {
	out, err := t.client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &t.name})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// create begins to create the table, unless another process does.
func (t *Table) create(ctx context.Context) error {
	_, err := t.client.CreateTable(ctx, &sdk.CreateTableInput{
		TableName: &t.name,
		AttributeDefinitions: []types.AttributeDefinition{
			attributeDefinition(partitionAttribute), attributeDefinition(sortAttribute),
		},
		KeySchema: []types.KeySchemaElement{
			keyElement(partitionAttribute, types.KeyTypeHash), keyElement(sortAttribute, types.KeyTypeRange),
		},
		BillingMode: types.BillingModePayPerRequest,
	})
	var begun *types.ResourceInUseException
	if err == nil || errors.As(err, &begun) {
		return nil
	}
	return fmt.Errorf("%w; to create the table yourself: %s", t.explain(err), fmt.Sprintf(createCommand, t.flags))
}

// ready waits until the table, which is being created, is active.
func (t *Table) ready(ctx context.Context) (*types.TableDescription, error) {
	waiter := sdk.NewTableExistsWaiter(t.client, func(o *sdk.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 2*time.Second
	})
	out, err := waiter.WaitForOutput(ctx, &sdk.DescribeTableInput{TableName: &t.name}, creationPatience)
	if err != nil {
		return nil, fmt.Errorf("wait until it is created: %w", err)
	}
	return out.Table, nil
}

// keyOf returns a table's key as text: names, types and roles of its attributes.
func keyOf(table *types.TableDescription) string {
	ofType := make(map[string]types.ScalarAttributeType)
	for _, a := range table.AttributeDefinitions {
		ofType[*a.AttributeName] = a.AttributeType
	}
	var elements []string
	for _, e := range table.KeySchema {
		elements = append(elements, fmt.Sprintf("%s (%s, %s)", *e.AttributeName, ofType[*e.AttributeName], e.KeyType))
	}
	return strings.Join(elements, ", ")
}

func attributeDefinition(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS}
}

func keyElement(name string, role types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: &name, KeyType: role}
}
