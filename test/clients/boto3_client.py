"""What boto3 users do, against the endpoint in VERGE_ENDPOINT; the working directory is scratch space."""

import hashlib
import io
import os
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MEGABYTE = 1024 * 1024
BUCKET = "boto"

config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1})
s3 = boto3.client("s3", endpoint_url=os.environ["VERGE_ENDPOINT"], config=config)


def refused_with(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return
    raise AssertionError(f"{code} was expected")


def create_bucket():
    s3.create_bucket(Bucket=BUCKET)
    s3.get_waiter("bucket_exists").wait(Bucket=BUCKET, WaiterConfig={"Delay": 1, "MaxAttempts": 2})


def transfer_in_parts():
    data = os.urandom(21 * MEGABYTE + 5)
    with open("large", "wb") as file:
        file.write(data)
    parts = TransferConfig(multipart_threshold=8 * MEGABYTE, multipart_chunksize=8 * MEGABYTE)
    extra = {"ContentType": "video/x-test", "Metadata": {"Color": "blue"}}
    s3.upload_file("large", BUCKET, "large", ExtraArgs=extra, Config=parts)
    s3.download_file(BUCKET, "large", "back", Config=parts)
    with open("back", "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()
    head = s3.head_object(Bucket=BUCKET, Key="large")
    assert head["ETag"].endswith('-3"') and head["ContentType"] == "video/x-test", head
    assert head["Metadata"] == {"color": "blue"}, head

    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copies/large", Config=parts)
    copied = io.BytesIO()
    s3.download_fileobj(BUCKET, "copies/large", copied, Config=parts)
    assert copied.getvalue() == data
    assert s3.get_object(Bucket=BUCKET, Key="large", Range="bytes=-5")["Body"].read() == data[-5:]


def put_and_copy():
    key = "small/été a+b%.txt"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"hello")
    s3.upload_fileobj(io.BytesIO(b"from memory"), BUCKET, "small/memory")
    s3.copy_object(Bucket=BUCKET, Key="small/copy", CopySource={"Bucket": BUCKET, "Key": key})
    assert s3.get_object(Bucket=BUCKET, Key="small/copy")["Body"].read() == b"hello"
    refused_with("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="absent")


def put_nothing_then_something():
    # On one connection: each expects "100 Continue", which a body of no bytes need not get.
    once = config.merge(Config(read_timeout=10, retries={"max_attempts": 0}))
    impatient = boto3.client("s3", endpoint_url=os.environ["VERGE_ENDPOINT"], config=once)
    for body in [b"", b"data", b"", b"", b"more data"]:
        impatient.put_object(Bucket=BUCKET, Key="small/nothing", Body=io.BytesIO(body))
        assert s3.get_object(Bucket=BUCKET, Key="small/nothing")["Body"].read() == body


def page_through_listings():
    keys = [f"pages/{number:03}" for number in range(25)] + ["pages/a b+é", "pages/z/1"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for operation, member in [("list_objects_v2", "Contents"), ("list_objects", "Contents"), ("list_object_versions", "Versions")]:
        pages = s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="pages/", PaginationConfig={"PageSize": 10})
        found = [entry["Key"] for page in pages for entry in page[member]]
        assert found == keys, (operation, found)
    folders = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")["CommonPrefixes"]
    assert [folder["Prefix"] for folder in folders] == ["copies/", "pages/", "small/"], folders


def use_presigned_urls():
    key = "signed/été a+b.txt"
    put = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": key, "ContentType": "text/x-test"})
    request = urllib.request.Request(put, data=b"by URL", method="PUT", headers={"Content-Type": "text/x-test"})
    assert urllib.request.urlopen(request).status == 200
    parameters = {"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": 'attachment; filename="x y"'}
    get = s3.generate_presigned_url("get_object", Params=parameters)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"by URL"
        assert answer.headers["Content-Type"] == "text/x-test"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="x y"'
    try:
        urllib.request.urlopen(get.replace("signed", "other", 1))
        raise AssertionError("A URL for another key was taken")
    except urllib.error.HTTPError as error:
        assert error.code == 403


def post_a_form():
    conditions = [["content-length-range", 1, 100], {"Content-Type": "text/x-form"}]
    fields = {"Content-Type": "text/x-form"}
    form = s3.generate_presigned_post(BUCKET, "forms/${filename}", Fields=fields, Conditions=conditions)
    assert post(form, b"by form") == 204
    posted = s3.get_object(Bucket=BUCKET, Key="forms/posted.txt")
    assert posted["Body"].read() == b"by form" and posted["ContentType"] == "text/x-form", posted
    assert post(form, b"x" * 101) == 400
    form["fields"]["key"] = "elsewhere"
    assert post(form, b"by form") == 403


def post(form, data):
    part = "--boundary\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n"
    head = "".join(part % (name, "") + value + "\r\n" for name, value in form["fields"].items())
    body = (head + part % ("file", '; filename="posted.txt"')).encode() + data + b"\r\n--boundary--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=boundary"}
    try:
        return urllib.request.urlopen(urllib.request.Request(form["url"], data=body, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code


def write_on_condition():
    etag = s3.put_object(Bucket=BUCKET, Key="condition", Body=b"one", IfNoneMatch="*")["ETag"]
    refused_with("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="condition", Body=b"two", IfNoneMatch="*")
    s3.put_object(Bucket=BUCKET, Key="condition", Body=b"two", IfMatch=etag)
    refused_with("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="condition", Body=b"three", IfMatch=etag)
    assert s3.get_object(Bucket=BUCKET, Key="condition")["Body"].read() == b"two"


def delete_everything():
    listed = boto3.resource("s3", endpoint_url=os.environ["VERGE_ENDPOINT"], config=config).Bucket(BUCKET)
    refused_with("BucketNotEmpty", s3.delete_bucket, Bucket=BUCKET)
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "condition"}, {"Key": "absent"}]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == ["absent", "condition"], answer
    listed.objects.all().delete()
    assert list(listed.objects.all()) == []
    s3.delete_bucket(Bucket=BUCKET)
    refused_with("404", s3.head_bucket, Bucket=BUCKET)


def supports(operation, member):
    return member in s3.meta.service_model.operation_model(operation).input_shape.members


for step in [
    create_bucket,
    transfer_in_parts,
    put_and_copy,
    put_nothing_then_something,
    page_through_listings,
    use_presigned_urls,
    post_a_form,
    write_on_condition,
    delete_everything,
]:
    # boto3 of before 2024-11 does not know If-Match on writes.
    if step is write_on_condition and not supports("PutObject", "IfMatch"):
        print(f"skipped {step.__name__}: boto3 {boto3.__version__} does not know it")
        continue
    step()
    print(f"passed {step.__name__}")
print(f"boto3 {boto3.__version__}, botocore {botocore.__version__}")
