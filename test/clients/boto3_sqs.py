"""What boto3 users do with queues, in whichever of SQS's two protocols this version speaks."""

import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={"max_attempts": 1})
sqs = boto3.client("sqs", endpoint_url=os.environ["VERGE_ENDPOINT"], config=config)
resource = boto3.resource("sqs", endpoint_url=os.environ["VERGE_ENDPOINT"], config=config)


def refused_with(error_class, call, **parameters):
    try:
        call(**parameters)
    except error_class as error:
        return error.response
    raise AssertionError(f"{error_class} was expected")


def create_and_find():
    tags = {"team": "a", "stage": "test"}
    url = sqs.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "5"}, tags=tags)["QueueUrl"]
    assert sqs.get_queue_url(QueueName="boto")["QueueUrl"] == url
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == tags
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    sqs.tag_queue(QueueUrl=url, Tags={"more": "b"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "test", "more": "b"}
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "5" and attributes["QueueArn"].endswith(":boto"), attributes
    assert sqs.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "5"})["QueueUrl"] == url
    refused_with(
        sqs.exceptions.QueueNameExists, sqs.create_queue, QueueName="boto", Attributes={"VisibilityTimeout": "6"}
    )
    refused_with(sqs.exceptions.QueueDoesNotExist, sqs.get_queue_url, QueueName="none")


def page_through_listings():
    for number in range(5):
        sqs.create_queue(QueueName=f"page-{number}")
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="page-", PaginationConfig={"PageSize": 2}))
    assert [len(page["QueueUrls"]) for page in pages] == [2, 2, 1], pages
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="nothing")


def send_and_receive():
    queue = resource.get_queue_by_name(QueueName="boto")
    body = "text with <markup> & ümläuts, \U0001f600 and\ttabs\r\n"
    attributes = {
        "color": {"DataType": "String", "StringValue": "rot & blau"},
        "size": {"DataType": "Number.int", "StringValue": "42"},
        "blob": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    # boto3 compares the MD5 of body and attributes with what it has itself.
    sent = queue.send_message(MessageBody=body, MessageAttributes=attributes)
    [message] = queue.receive_messages(
        AttributeNames=["All"], MessageAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=2
    )
    assert message.message_id == sent["MessageId"] and message.body == body, repr(message.body)
    assert message.message_attributes == attributes, message.message_attributes
    assert message.attributes["ApproximateReceiveCount"] == "1", message.attributes
    message.change_visibility(VisibilityTimeout=0)
    [again] = queue.receive_messages(WaitTimeSeconds=2)
    assert again.message_id == message.message_id and again.attributes is None
    again.delete()
    assert queue.receive_messages() == []


def work_in_batches():
    queue = resource.get_queue_by_name(QueueName="boto")
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(9)]
    answer = queue.send_messages(Entries=[*entries, {"Id": "bad", "MessageBody": "\x00"}])
    assert len(answer["Successful"]) == 9, answer
    assert [(entry["Id"], entry["SenderFault"], entry["Code"]) for entry in answer["Failed"]] == [
        ("bad", True, "InvalidMessageContents")
    ], answer
    received = queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=1)
    assert sorted(message.body for message in received) == [entry["MessageBody"] for entry in entries]
    handles = [{"Id": message.message_id, "ReceiptHandle": message.receipt_handle} for message in received]
    changed = queue.change_message_visibility_batch(Entries=[{**entry, "VisibilityTimeout": 30} for entry in handles])
    assert len(changed["Successful"]) == 9, changed
    assert len(queue.delete_messages(Entries=handles)["Successful"]) == 9
    refused_with(sqs.exceptions.EmptyBatchRequest, sqs.send_message_batch, QueueUrl=queue.url, Entries=[])
    refused_with(
        sqs.exceptions.BatchEntryIdsNotDistinct,
        sqs.send_message_batch,
        QueueUrl=queue.url,
        Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}],
    )
    refused_with(sqs.exceptions.ReceiptHandleIsInvalid, sqs.delete_message, QueueUrl=queue.url, ReceiptHandle="x")
    response = refused_with(ClientError, sqs.receive_message, QueueUrl=queue.url, MaxNumberOfMessages=11)
    assert response["Error"]["Code"] == "InvalidParameterValue", response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400, response


def keep_order_and_dead_letters():
    dead = sqs.create_queue(QueueName="dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "RedrivePolicy": redrive}
    url = sqs.create_queue(QueueName="boto.fifo", Attributes=attributes)["QueueUrl"]
    sent = [sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g") for body in ["a", "b", "a"]]
    assert sent[0]["MessageId"] == sent[2]["MessageId"] and sent[0]["SequenceNumber"] < sent[1]["SequenceNumber"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)["Messages"]
    assert [message["Body"] for message in received] == ["a", "b"], received
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    given_up = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, WaitTimeSeconds=10)["Messages"]
    assert given_up[0]["Body"] == "a", given_up
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]


def delete_everything():
    url = sqs.get_queue_url(QueueName="boto")["QueueUrl"]
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["123456789012"], Actions=["SendMessage", "ReceiveMessage"])
    sqs.remove_permission(QueueUrl=url, Label="l")
    sqs.purge_queue(QueueUrl=url)
    refused_with(sqs.exceptions.PurgeQueueInProgress, sqs.purge_queue, QueueUrl=url)
    for queue in resource.queues.all():
        queue.delete()
    refused_with(sqs.exceptions.QueueDoesNotExist, sqs.send_message, QueueUrl=url, MessageBody="m")
    refused_with(sqs.exceptions.QueueDoesNotExist, sqs.receive_message, QueueUrl=url)


STEPS = [
    create_and_find,
    page_through_listings,
    send_and_receive,
    work_in_batches,
    keep_order_and_dead_letters,
    delete_everything,
]
for step in STEPS:
    step()
    print("passed", step.__name__)
print(sys.version.split()[0], boto3.__version__, sqs.meta.service_model.metadata["protocol"])
