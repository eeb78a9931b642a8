"""Drives a server with boto3 at its default settings: python3 boto3_client.py ENDPOINT

Credentials, region and certificate authority come from the environment. Any exception is a failure.
"""

import io
import os
import ssl
import sys
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
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]:
        if algorithm.lower() not in botocore.httpchecksum._CHECKSUM_CLS:
            continue
        body = os.urandom(3_000_000)
        sent = s3.put_object(Bucket=bucket, Key="checksum", Body=body, ChecksumAlgorithm=algorithm)
        answer = s3.get_object(Bucket=bucket, Key="checksum", ChecksumMode="ENABLED")
        expect(answer["Checksum" + algorithm], sent["Checksum" + algorithm])
        expect(answer["Body"].read(), body)


def presigned():
    # Left to itself, boto3 still signs URLs with version 2, which AWS has in its oldest regions only.
    client = boto3.client("s3", endpoint_url=sys.argv[1], config=Config(signature_version="s3v4"))
    arguments = {"Bucket": bucket, "Key": "signed by URL"}
    request = urllib.request.Request(client.generate_presigned_url("put_object", arguments), b"body", method="PUT")
    context = None
    if "AWS_CA_BUNDLE" in os.environ:
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    urllib.request.urlopen(request, context=context).close()
    with urllib.request.urlopen(client.generate_presigned_url("get_object", arguments), context=context) as answer:
        expect(answer.read(), b"body")


def lists():
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    expect(keys, sorted(keys, key=lambda key: key.encode()))
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    expect([folder["Prefix"] for folder in folders], ["../", "a folder/", "ends/"])
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    expect(sorted(item["Key"] for item in deleted["Deleted"]), sorted(keys))
    expect(s3.list_objects(Bucket=bucket).get("Contents"), None)


s3.create_bucket(Bucket=bucket)
objects()
uploads()
checksums()
presigned()
lists()
s3.delete_bucket(Bucket=bucket)
