terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "stage" { type = string }
variable "code" { type = string }

locals {
  is_one = var.stage == "one"
}

provider "aws" {
  region                  = "us-east-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  default_tags { tags = { stage = var.stage } }
  endpoints {
    iam       = var.endpoint
    kms       = var.endpoint
    lambda    = var.endpoint
    logs      = var.endpoint
    s3        = var.endpoint
    s3control = var.endpoint
    scheduler = var.endpoint
    sns       = var.endpoint
    sqs       = var.endpoint
    sts       = var.endpoint
  }
}

data "aws_caller_identity" "here" {}

# Buckets

resource "aws_s3_bucket" "main" {
  bucket        = "services-main"
  force_destroy = true
}

resource "aws_s3_bucket" "logs" {
  bucket_prefix = "services-logs-"
  force_destroy = true
}

resource "aws_s3_bucket" "locked" {
  bucket              = "services-locked"
  object_lock_enabled = true
  force_destroy       = true
}

resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id
  versioning_configuration { status = local.is_one ? "Enabled" : "Suspended" }
}

resource "aws_s3_bucket_object_lock_configuration" "locked" {
  bucket = aws_s3_bucket.locked.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = local.is_one ? 1 : 2
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  rule {
    id     = "logs"
    status = "Enabled"
    filter { prefix = "logs/" }
    expiration { days = local.is_one ? 30 : 60 }
    noncurrent_version_expiration {
      noncurrent_days           = 7
      newer_noncurrent_versions = 2
    }
  }
  rule {
    id     = "tagged"
    status = "Disabled"
    filter {
      and {
        prefix                   = "tmp/"
        object_size_greater_than = 1000
        tags                     = { kind = "temporary" }
      }
    }
    expiration { days = 1 }
  }
  rule {
    id     = "parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 3 }
  }
  depends_on = [aws_s3_bucket_versioning.main]
}

resource "aws_s3_bucket_cors_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  cors_rule {
    id              = "browsers"
    allowed_headers = ["*"]
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["https://${var.stage}.example"]
    expose_headers  = ["ETag"]
    max_age_seconds = 60
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "main" {
  bucket                  = aws_s3_bucket.main.id
  block_public_acls       = true
  block_public_policy     = local.is_one
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "main" {
  bucket = aws_s3_bucket.main.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule { object_ownership = "BucketOwnerPreferred" }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket     = aws_s3_bucket.logs.id
  acl        = "log-delivery-write"
  depends_on = [aws_s3_bucket_ownership_controls.logs]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "ReadFrom${title(var.stage)}"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${aws_s3_bucket.main.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.worker.arn, "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root"]
    }
    condition {
      test     = "IpAddress"
      variable = "aws:SourceIp"
      values   = ["10.0.0.0/8", "192.0.2.0/24"]
    }
  }
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:PutBucketAcl"]
    resources = [aws_s3_bucket.main.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "main" {
  bucket     = aws_s3_bucket.main.id
  policy     = data.aws_iam_policy_document.bucket.json
  depends_on = [aws_s3_bucket_public_access_block.main]
}

resource "aws_s3_bucket_website_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  index_document { suffix = "index.html" }
  error_document { key = "${var.stage}.html" }
  routing_rule {
    condition { key_prefix_equals = "docs/" }
    redirect { replace_key_prefix_with = "documents/" }
  }
}

resource "aws_s3_bucket_logging" "main" {
  bucket        = aws_s3_bucket.main.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "${var.stage}/"
  depends_on    = [aws_s3_bucket_acl.logs]
}

resource "aws_s3_bucket_request_payment_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  payer  = "BucketOwner"
}

resource "aws_s3_bucket_accelerate_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  status = local.is_one ? "Enabled" : "Suspended"
}

resource "aws_s3_bucket_inventory" "main" {
  bucket                   = aws_s3_bucket.main.id
  name                     = "all"
  included_object_versions = "All"
  optional_fields          = ["Size", "ETag"]
  schedule { frequency = local.is_one ? "Daily" : "Weekly" }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.logs.arn
      prefix     = "inventory"
    }
  }
}

resource "aws_s3_bucket_metric" "main" {
  bucket = aws_s3_bucket.main.id
  name   = "all"
  filter { prefix = "${var.stage}/" }
}

resource "aws_s3_bucket_analytics_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  name   = "all"
  filter { prefix = "${var.stage}/" }
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "main" {
  bucket = aws_s3_bucket.main.id
  name   = "all"
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = local.is_one ? 90 : 100
  }
}

resource "aws_s3_object" "text" {
  bucket        = aws_s3_bucket.main.id
  key           = "a/b c+ü.txt"
  content       = "stage ${var.stage}"
  content_type  = "text/plain"
  cache_control = "max-age=60"
  metadata      = { owner = "team-a" }
  tags          = { kind = var.stage }
  depends_on    = [aws_s3_bucket_versioning.main]
}

resource "aws_s3_object_copy" "text" {
  bucket            = aws_s3_bucket.logs.id
  key               = "copy.txt"
  source            = "${aws_s3_bucket.main.id}/${aws_s3_object.text.key}"
  tagging_directive = "REPLACE"
  depends_on        = [aws_s3_object.text]
}

resource "aws_s3_object" "locked" {
  bucket                        = aws_s3_bucket.locked.id
  key                           = "kept"
  content                       = var.stage
  object_lock_legal_hold_status = local.is_one ? "ON" : "OFF"
  object_lock_mode              = "GOVERNANCE"
  object_lock_retain_until_date = "2100-01-01T00:00:00Z"
  force_destroy                 = true
  depends_on                    = [aws_s3_bucket_object_lock_configuration.locked]
}

data "aws_s3_objects" "main" {
  bucket     = aws_s3_bucket.main.id
  prefix     = "a/"
  depends_on = [aws_s3_object.text]
}

data "aws_s3_object" "text" {
  bucket     = aws_s3_bucket.main.id
  key        = aws_s3_object.text.key
  depends_on = [aws_s3_object.text]
}

output "keys" { value = data.aws_s3_objects.main.keys }
output "text" { value = data.aws_s3_object.text.body }

# Queues

resource "aws_sqs_queue" "failed" {
  name = "services-failed"
}

resource "aws_sqs_queue" "work" {
  name                       = "services-work"
  visibility_timeout_seconds = local.is_one ? 40 : 50
  message_retention_seconds  = 86400
  receive_wait_time_seconds  = 2
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 3 })
}

resource "aws_sqs_queue_redrive_allow_policy" "failed" {
  queue_url            = aws_sqs_queue.failed.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.work.arn] })
}

resource "aws_sqs_queue" "ordered" {
  name                        = "services-ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
}

resource "aws_sqs_queue_policy" "work" {
  queue_url = aws_sqs_queue.work.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.work.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_s3_bucket.main.arn } }
    }]
  })
}

# Identities

resource "aws_kms_key" "main" {
  description             = "The key of stage ${var.stage}"
  deletion_window_in_days = 7
  enable_key_rotation     = local.is_one
  rotation_period_in_days = local.is_one ? 100 : null
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Worker"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.worker.arn }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "s3.us-east-1.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_kms_alias" "main" {
  name          = "alias/services"
  target_key_id = aws_kms_key.main.id
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com", "scheduler.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "worker" {
  name                 = "services-worker"
  path                 = "/services/"
  description          = "Stage ${var.stage}"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  max_session_duration = local.is_one ? 3600 : 7200
}

resource "aws_iam_role_policy" "worker" {
  name   = "work"
  role   = aws_iam_role.worker.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sqs:*", "s3:GetObject", "lambda:InvokeFunction"], Resource = "*" }] })
}

resource "aws_iam_policy" "list" {
  name        = "services-list"
  description = "Lists"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.stage, Effect = "Allow", Action = "s3:ListBucket", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "list" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.list.arn
}

resource "aws_iam_user" "person" {
  name          = "services-person"
  force_destroy = true
}

resource "aws_iam_user_policy" "person" {
  user   = aws_iam_user.person.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "${aws_s3_bucket.main.arn}/$${aws:username}/*" }] })
}

resource "aws_iam_access_key" "person" {
  user   = aws_iam_user.person.name
  status = local.is_one ? "Active" : "Inactive"
}

resource "aws_iam_group" "people" {
  name = "services-people"
}

resource "aws_iam_group_policy_attachment" "people" {
  group      = aws_iam_group.people.name
  policy_arn = aws_iam_policy.list.arn
}

resource "aws_iam_user_group_membership" "person" {
  user   = aws_iam_user.person.name
  groups = [aws_iam_group.people.name]
}

# Functions

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/aws/lambda/services-worker"
  retention_in_days = local.is_one ? 7 : 14
}

resource "aws_lambda_layer_version" "shared" {
  layer_name          = "services-shared"
  filename            = var.code
  compatible_runtimes = ["nodejs22.x"]
}

resource "aws_lambda_function" "worker" {
  function_name                  = "services-worker"
  description                    = "Stage ${var.stage}"
  role                           = aws_iam_role.worker.arn
  runtime                        = "nodejs22.x"
  handler                        = "index.handler"
  filename                       = var.code
  source_code_hash               = filebase64sha256(var.code)
  layers                         = [aws_lambda_layer_version.shared.arn]
  publish                        = true
  timeout                        = local.is_one ? 5 : 6
  memory_size                    = 256
  reserved_concurrent_executions = 5
  environment { variables = { STAGE = var.stage } }
  dead_letter_config { target_arn = aws_sqs_queue.failed.arn }
  ephemeral_storage { size = 1024 }
  tracing_config { mode = "Active" }
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.worker.name
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.worker.function_name
  function_version = aws_lambda_function.worker.version
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.worker.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = local.is_one ? "NONE" : "AWS_IAM"
  invoke_mode        = "BUFFERED"
  cors {
    allow_origins = ["https://${var.stage}.example"]
    allow_methods = ["GET"]
    max_age       = 60
  }
}

resource "aws_lambda_permission" "bucket" {
  statement_id  = "bucket"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.worker.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.main.arn
}

resource "aws_lambda_event_source_mapping" "work" {
  event_source_arn                   = aws_sqs_queue.work.arn
  function_name                      = aws_lambda_function.worker.arn
  batch_size                         = local.is_one ? 5 : 6
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  scaling_config { maximum_concurrency = 2 }
  filter_criteria {
    filter { pattern = jsonencode({ body = { stage = [var.stage] } }) }
  }
}

resource "aws_lambda_function_event_invoke_config" "worker" {
  function_name                = aws_lambda_function.worker.function_name
  maximum_retry_attempts       = local.is_one ? 1 : 0
  maximum_event_age_in_seconds = 600
  destination_config {
    on_failure { destination = aws_sqs_queue.failed.arn }
  }
}

resource "aws_lambda_invocation" "once" {
  function_name = aws_lambda_function.worker.function_name
  qualifier     = aws_lambda_function.worker.version
  input         = jsonencode({ from = "terraform" })
}

output "invoked" { value = jsondecode(aws_lambda_invocation.once.result) }

resource "aws_s3_bucket_notification" "main" {
  bucket = aws_s3_bucket.main.id
  lambda_function {
    id                  = "made"
    lambda_function_arn = aws_lambda_function.worker.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "${var.stage}/"
    filter_suffix       = ".jpg"
  }
  queue {
    id        = "removed"
    queue_arn = aws_sqs_queue.work.arn
    events    = ["s3:ObjectRemoved:*"]
  }
  depends_on = [aws_lambda_permission.bucket, aws_sqs_queue_policy.work]
}

# Schedules

resource "aws_scheduler_schedule_group" "main" {
  name = "services"
}

resource "aws_scheduler_schedule" "hourly" {
  name                         = "hourly"
  group_name                   = aws_scheduler_schedule_group.main.name
  description                  = "Stage ${var.stage}"
  schedule_expression          = local.is_one ? "rate(1 hour)" : "cron(0 12 * * ? *)"
  schedule_expression_timezone = "Europe/Paris"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }
  target {
    arn      = aws_lambda_function.worker.arn
    role_arn = aws_iam_role.worker.arn
    input    = jsonencode({ stage = var.stage })
    retry_policy {
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 2
    }
    dead_letter_config { arn = aws_sqs_queue.failed.arn }
  }
}
