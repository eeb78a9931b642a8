"""Drives a server with boto3 at its default settings: python3 boto3_client.py ENDPOINT

Credentials, region and certificate authority come from the environment. Any exception is a failure.
"""

import io
import os
import ssl
import sys
import urllib.error
import urllib.request

import boto3
import botocore.httpchecksum
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", endpoint_url=sys.argv[1])
bucket = "boto3"


def expect(actual, expected):
    if actual != expected:
        raise AssertionError(f"got {actual!r}, want {expected!r}")


def expect_error(code, call, **arguments):
    try:
        call(Bucket=bucket, **arguments)
    except ClientError as error:
        expect(error.response["Error"]["Code"], code)
    else:
        raise AssertionError(f"{call} succeeded, want {code}")


class Unseekable(io.RawIOBase):
    """A body whose length nobody knows."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def seekable(self):
        return False

    def readinto(self, buffer):
        return self.data.readinto(buffer)


def objects():
    for key in ["plain", "a folder//ü ö/+%2F", "../up", "ends/"]:
        body = os.urandom(100_000)
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"is": "kept"}, ContentType="text/plain")
        answer = s3.get_object(Bucket=bucket, Key=key)
        expect(answer["Body"].read(), body)
        expect(answer["Metadata"], {"is": "kept"})
        expect(answer["ContentType"], "text/plain")
        expect(answer.get("ContentEncoding"), None)
        expect(s3.get_object(Bucket=bucket, Key=key, Range="bytes=10-19")["Body"].read(), body[10:20])
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
        expect(s3.get_object(Bucket=bucket, Key="copy")["Body"].read(), body)
    expect_error("NoSuchKey", s3.get_object, Key="missing")
    expect_error("404", s3.head_object, Key="missing")
    expect_error("InvalidRange", s3.get_object, Key="plain", Range="bytes=100000-")
    expect_error("304", s3.get_object, Key="plain", IfNoneMatch="*")


def uploads():
    body = os.urandom(20 * 1024 * 1024 + 1)
    s3.upload_fileobj(io.BytesIO(body), bucket, "multipart", Config=TransferConfig(multipart_chunksize=5 * 1024 * 1024))
    answer = s3.get_object(Bucket=bucket, Key="multipart")
    expect(answer["ETag"][-3:], '-5"')
    expect(answer["Body"].read(), body)
    received = io.BytesIO()
    s3.download_fileobj(bucket, "multipart", received)
    expect(received.getvalue(), body)
    s3.upload_fileobj(Unseekable(body), bucket, "stream")
    expect(s3.get_object(Bucket=bucket, Key="stream")["Body"].read(), body)


def checksums():
    # Which of them boto3 has depends on its version, and on whether awscrt is installed.
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"]:
        if algorithm.lower() not in botocore.httpchecksum._CHECKSUM_CLS:
            continue
        body = os.urandom(3_000_000)
        sent = s3.put_object(Bucket=bucket, Key="checksum", Body=body, ChecksumAlgorithm=algorithm)
        answer = s3.get_object(Bucket=bucket, Key="checksum", ChecksumMode="ENABLED")
        expect(answer["Checksum" + algorithm], sent["Checksum" + algorithm])
        expect(answer["Body"].read(), body)


context = None
if "AWS_CA_BUNDLE" in os.environ:
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])


def clients():
    """Clients of each version of signatures. Left to itself, boto3 still signs URLs with version 2."""
    yield s3
    for version in ["s3v4", "s3"]:
        yield boto3.client("s3", endpoint_url=sys.argv[1], config=Config(signature_version=version))


def presigned():
    for client in clients():
        arguments = {"Bucket": bucket, "Key": "signed by URL"}
        request = urllib.request.Request(client.generate_presigned_url("put_object", arguments), b"body", method="PUT")
        request.add_header("Content-Type", "")  # which urllib would make up, and who signed the URL did not know
        urllib.request.urlopen(request, context=context).close()
        arguments["ResponseContentType"] = "text/x; charset=utf-8"
        with urllib.request.urlopen(client.generate_presigned_url("get_object", arguments), context=context) as answer:
            expect(answer.read(), b"body")
            expect(answer.headers["Content-Type"], "text/x; charset=utf-8")


def posts():
    for client in clients():
        fields = {"acl": "private", "x-amz-meta-is": "kept", "success_action_status": "201"}
        conditions = [{name: value} for name, value in fields.items()] + [["content-length-range", 1, 20]]
        form = client.generate_presigned_post(bucket, "posted/${filename}", Fields=fields, Conditions=conditions)
        expect(post(form, b"content")[0], 201)
        answer = s3.get_object(Bucket=bucket, Key="posted/a file")
        expect(answer["Body"].read(), b"content")
        expect(answer["Metadata"], {"is": "kept"})
        status, text = post(form, b"more content than is allowed")
        expect((status, b"EntityTooLarge" in text), (400, True))


def post(form, content):
    """Sends a form as a browser does."""
    lines = []
    for name, value in form["fields"].items():
        lines += [b"--x", f'Content-Disposition: form-data; name="{name}"'.encode(), b"", value.encode()]
    lines += [b"--x", b'Content-Disposition: form-data; name="file"; filename="a file"', b"", content, b"--x--", b""]
    request = urllib.request.Request(form["url"], b"\r\n".join(lines), method="POST")
    request.add_header("Content-Type", "multipart/form-data; boundary=x")
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def old_signatures():
    """Does with version 2 what is done most."""
    *_, client = clients()
    body = os.urandom(6 * 1024 * 1024)
    client.put_object(Bucket=bucket, Key="a +ü/%41", Body=body, Metadata={"is": "kept"})
    answer = client.get_object(Bucket=bucket, Key="a +ü/%41")
    expect((answer["Body"].read(), answer["Metadata"]), (body, {"is": "kept"}))
    settings = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    client.upload_fileobj(io.BytesIO(body), bucket, "parts", Config=settings)
    expect(client.get_object(Bucket=bucket, Key="parts", Range="bytes=9-18")["Body"].read(), body[9:19])
    expect(client.list_objects_v2(Bucket=bucket, Prefix="par")["KeyCount"], 1)
    client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "parts"})
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    keys = [{"Key": item["Key"]} for item in client.list_objects(Bucket=bucket)["Contents"]]
    expect(len(client.delete_objects(Bucket=bucket, Delete={"Objects": keys})["Deleted"]), len(keys))


def versions():
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    expect(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    ids = [s3.put_object(Bucket=bucket, Key="versions", Body=body)["VersionId"] for body in (b"one", b"two")]
    marker = s3.delete_object(Bucket=bucket, Key="versions")
    expect(marker["DeleteMarker"], True)
    expect_error("NoSuchKey", s3.get_object, Key="versions")
    expect_error("MethodNotAllowed", s3.get_object, Key="versions", VersionId=marker["VersionId"])
    expect(s3.get_object(Bucket=bucket, Key="versions", VersionId=ids[0])["Body"].read(), b"one")
    listed = s3.list_object_versions(Bucket=bucket, Prefix="versions")
    expect([v["VersionId"] for v in listed["Versions"]], ids[::-1])
    expect([(m["VersionId"], m["IsLatest"]) for m in listed["DeleteMarkers"]], [(marker["VersionId"], True)])
    boto3.resource("s3", endpoint_url=sys.argv[1]).Bucket(bucket).object_versions.delete()
    expect(s3.list_object_versions(Bucket=bucket).get("Versions"), None)


def access():
    s3.put_object(Bucket=bucket, Key="public", Body=b"content", ACL="public-read", Tagging="a=1&b=2")
    url = f"{sys.argv[1]}/{bucket}/public"
    with urllib.request.urlopen(url, context=context) as answer:
        expect(answer.read(), b"content")
    grants = s3.get_object_acl(Bucket=bucket, Key="public")["Grants"]
    expect([grant["Permission"] for grant in grants], ["FULL_CONTROL", "READ"])
    policy = s3.get_bucket_acl(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Owner": policy["Owner"], "Grants": policy["Grants"]})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    expect(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["IgnorePublicAcls"], True)
    try:
        urllib.request.urlopen(url, context=context)
        raise AssertionError("a public object can be read though public ACLs are ignored")
    except urllib.error.HTTPError as error:
        expect(error.code, 403)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    expect_error("AccessControlListNotSupported", s3.put_object_acl, Key="public", ACL="private")
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    expect([tag["Key"] for tag in s3.get_object_tagging(Bucket=bucket, Key="public")["TagSet"]], ["a", "b"])
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    expect(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], [{"Key": "k", "Value": "v"}])
    rule = {"AllowedOrigins": ["https://example.com"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 5}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    expect(s3.get_bucket_cors(Bucket=bucket)["CORSRules"], [rule])
    s3.delete_bucket_cors(Bucket=bucket)
    rule = {
        "Id": "images",
        "QueueArn": "arn:bleepstore:sqs::nowhere:webhook",
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a & b/"}, {"Name": "suffix", "Value": ".jpg"}]}},
    }
    notification = {"QueueConfigurations": [rule]}
    expect_error("InvalidArgument", s3.put_bucket_notification_configuration, NotificationConfiguration=notification)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=notification, SkipDestinationValidation=True
    )
    expect(s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"], [rule])
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    expect(s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations"), None)
    attributes = s3.get_object_attributes(Bucket=bucket, Key="public", ObjectAttributes=["ETag", "ObjectSize"])
    expect(attributes["ObjectSize"], 7)
    expect_error("AccessDenied", s3.get_object, Key="public", ExpectedBucketOwner="123456789012")


def lists():
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    expect(keys, sorted(keys, key=lambda key: key.encode()))
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    expect([folder["Prefix"] for folder in folders], ["../", "a folder/", "ends/", "posted/"])
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    expect(sorted(item["Key"] for item in deleted["Deleted"]), sorted(keys))
    expect(s3.list_objects(Bucket=bucket).get("Contents"), None)


s3.create_bucket(Bucket=bucket)
objects()
uploads()
checksums()
presigned()
posts()
lists()
access()
if not botocore.__version__.startswith("1.29."):  # signs "?uploads?uploads", which S3 does not take either
    old_signatures()
versions()
s3.delete_bucket(Bucket=bucket)
