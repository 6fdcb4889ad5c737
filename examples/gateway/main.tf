# One distribution: /api/<name>/* is a function that nobody else may call, the rest is a private bucket.
# README.md has the lines that apply it.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "endpoint" {
  description = "Where the deployment is, without a slash at the end."
}

variable "name" {
  description = "What everything is called, or begins with."
  default     = "gateway"
}

provider "aws" {
  region                      = "us-east-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    cloudfront = var.endpoint
    iam        = var.endpoint
    lambda     = var.endpoint
    s3         = var.endpoint
    sts        = var.endpoint
  }
}

variable "functions" {
  description = "Zips of Node.js functions, by what follows /api/ in the paths that they answer."
  type        = map(string)
}

locals {
  # A function URL's host, as AWS names it: the distribution calls the function within the deployment.
  hosts = { for name, url in aws_lambda_function_url.api :
    name => "${regex("[a-z0-9]{32}", url.function_url)}.lambda-url.us-east-1.on.aws"
  }
}

resource "aws_s3_bucket" "site" {
  bucket = "${var.name}-site"
}

resource "aws_s3_object" "index" {
  bucket       = aws_s3_bucket.site.id
  key          = "index.html"
  content      = "<h1>The site</h1>"
  content_type = "text/html"
}

resource "aws_iam_role" "function" {
  name = "${var.name}-function"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "api" {
  for_each         = var.functions
  function_name    = "${var.name}-${each.key}"
  role             = aws_iam_role.function.arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  filename         = each.value
  source_code_hash = filebase64sha256(each.value)
}

resource "aws_lambda_function_url" "api" {
  for_each           = var.functions
  function_name      = aws_lambda_function.api[each.key].function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_permission" "distribution" {
  for_each               = var.functions
  statement_id           = "distribution"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.api[each.key].function_name
  principal              = "cloudfront.amazonaws.com"
  source_arn             = aws_cloudfront_distribution.gateway.arn
  function_url_auth_type = "AWS_IAM"
}

resource "aws_cloudfront_origin_access_control" "origin" {
  for_each                          = toset(["lambda", "s3"])
  name                              = "${var.name}-${each.key}"
  origin_access_control_origin_type = each.key
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

data "aws_cloudfront_cache_policy" "site" {
  name = "Managed-CachingOptimized"
}

# What the functions say of their answers counts, and the query is part of the key.
data "aws_cloudfront_cache_policy" "api" {
  name = "UseOriginCacheControlHeaders-QueryStrings"
}

data "aws_cloudfront_origin_request_policy" "api" {
  name = "Managed-AllViewerExceptHostHeader"
}

resource "aws_cloudfront_distribution" "gateway" {
  enabled             = true
  comment             = var.name
  default_root_object = "index.html"

  origin {
    origin_id                = "site"
    domain_name              = aws_s3_bucket.site.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.origin["s3"].id
  }

  dynamic "origin" {
    for_each = local.hosts
    content {
      origin_id                = origin.key
      domain_name              = origin.value
      origin_access_control_id = aws_cloudfront_origin_access_control.origin["lambda"].id

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_ssl_protocols   = ["TLSv1.2"]
      }
    }
  }

  default_cache_behavior {
    target_origin_id       = "site"
    viewer_protocol_policy = "allow-all"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = data.aws_cloudfront_cache_policy.site.id
    compress               = true
  }

  dynamic "ordered_cache_behavior" {
    for_each = var.functions
    content {
      path_pattern             = "/api/${ordered_cache_behavior.key}/*"
      target_origin_id         = ordered_cache_behavior.key
      viewer_protocol_policy   = "allow-all"
      allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods           = ["GET", "HEAD"]
      cache_policy_id          = data.aws_cloudfront_cache_policy.api.id
      origin_request_policy_id = data.aws_cloudfront_origin_request_policy.api.id
      compress                 = true
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

output "url" {
  value = "${var.endpoint}/_cdn/${aws_cloudfront_distribution.gateway.id}"
}

output "host" {
  value = aws_cloudfront_distribution.gateway.domain_name
}
