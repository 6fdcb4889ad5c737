# Every argument of the resources of CloudFront that this product serves, for terraform.test.ts.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "endpoint" {}
variable "comment" {}
variable "public_key" {}
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {
    cloudfront = var.endpoint
    s3         = var.endpoint
    iam        = var.endpoint
    sts        = var.endpoint
    lambda     = var.endpoint
  }
}
resource "aws_s3_bucket" "site" { bucket = "every-argument" }
resource "aws_s3_object" "index" {
  bucket       = aws_s3_bucket.site.id
  key          = "index.html"
  content      = "<h1>hello</h1>"
  content_type = "text/html"
}
data "aws_iam_policy_document" "site" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site.arn}/*"]
    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.d.arn]
    }
  }
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = [aws_cloudfront_origin_access_identity.oai.iam_arn]
    }
  }
}
resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = data.aws_iam_policy_document.site.json
}
resource "aws_cloudfront_origin_access_control" "oac" {
  name                              = "tf-oac"
  description                       = var.comment
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}
resource "aws_cloudfront_origin_access_identity" "oai" { comment = var.comment }
resource "aws_cloudfront_cache_policy" "cp" {
  name        = "tf-cp"
  comment     = var.comment
  default_ttl = 60
  max_ttl     = 100
  min_ttl     = 1
  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "whitelist"
      cookies { items = ["session"] }
    }
    headers_config {
      header_behavior = "whitelist"
      headers { items = ["X-Tenant"] }
    }
    query_strings_config {
      query_string_behavior = "allExcept"
      query_strings { items = ["utm_source", "utm_medium"] }
    }
  }
}
resource "aws_cloudfront_origin_request_policy" "orp" {
  name    = "tf-orp"
  comment = var.comment
  cookies_config { cookie_behavior = "all" }
  headers_config {
    header_behavior = "allViewerAndWhitelistCloudFront"
    headers { items = ["CloudFront-Viewer-Country"] }
  }
  query_strings_config { query_string_behavior = "all" }
}
resource "aws_cloudfront_response_headers_policy" "rhp" {
  name    = "tf-rhp"
  comment = var.comment
  cors_config {
    access_control_allow_credentials = true
    access_control_allow_headers { items = ["content-type"] }
    access_control_allow_methods { items = ["GET", "POST"] }
    access_control_allow_origins { items = ["https://a.example", "https://b.example"] }
    access_control_expose_headers { items = ["etag"] }
    access_control_max_age_sec = 600
    origin_override            = true
  }
  security_headers_config {
    content_type_options { override = true }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "same-origin"
      override        = true
    }
    xss_protection {
      mode_block = true
      protection = true
      override   = true
    }
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
    content_security_policy {
      content_security_policy = "default-src 'self'"
      override                = true
    }
  }
  server_timing_headers_config {
    enabled       = true
    sampling_rate = 50
  }
  custom_headers_config {
    items {
      header   = "X-Custom"
      value    = var.comment
      override = true
    }
  }
  remove_headers_config {
    items { header = "X-Powered-By" }
  }
}
resource "aws_cloudfront_public_key" "pk" {
  name        = "tf-pk"
  comment     = var.comment
  encoded_key = var.public_key
}
resource "aws_cloudfront_key_group" "kg" {
  name    = "tf-kg"
  comment = var.comment
  items   = [aws_cloudfront_public_key.pk.id]
}
resource "aws_cloudfront_function" "fn" {
  name    = "tf-fn"
  runtime = "cloudfront-js-2.0"
  comment = var.comment
  publish = true
  code    = "function handler(event) { var r = event.request; r.headers['x-fn'] = {value: '${var.comment}'}; return r; }"
}
data "aws_cloudfront_cache_policy" "optimized" { name = "Managed-CachingOptimized" }
data "aws_cloudfront_origin_request_policy" "av" { name = "Managed-AllViewerExceptHostHeader" }
data "aws_cloudfront_response_headers_policy" "sec" { name = "Managed-SecurityHeadersPolicy" }
resource "aws_cloudfront_distribution" "d" {
  enabled             = true
  comment             = var.comment
  default_root_object = "index.html"
  aliases             = ["tf.example.com"]
  price_class         = "PriceClass_100"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  wait_for_deployment = true
  retain_on_delete    = false
  tags                = { Name = "site", C = var.comment }
  origin {
    domain_name              = "${aws_s3_bucket.site.bucket}.s3.us-east-1.amazonaws.com"
    origin_id                = "s3"
    origin_access_control_id = aws_cloudfront_origin_access_control.oac.id
    origin_path              = ""
    origin_shield {
      enabled              = true
      origin_shield_region = "us-east-1"
    }
  }
  origin {
    domain_name = "${aws_s3_bucket.site.bucket}.s3.us-east-1.amazonaws.com"
    origin_id   = "s3old"
    s3_origin_config { origin_access_identity = aws_cloudfront_origin_access_identity.oai.cloudfront_access_identity_path }
  }
  origin {
    domain_name         = "localhost"
    origin_id           = "web"
    connection_attempts = 2
    connection_timeout  = 5
    custom_header {
      name  = "X-Secret"
      value = "s"
    }
    custom_origin_config {
      http_port                = 8080
      https_port               = 443
      origin_protocol_policy   = "http-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_read_timeout      = 10
      origin_keepalive_timeout = 5
    }
  }
  origin_group {
    origin_id = "group"
    failover_criteria { status_codes = [403, 404, 500, 502] }
    member { origin_id = "web" }
    member { origin_id = "s3" }
  }
  default_cache_behavior {
    target_origin_id           = "s3"
    viewer_protocol_policy     = "allow-all"
    allowed_methods            = ["GET", "HEAD", "OPTIONS"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = data.aws_cloudfront_cache_policy.optimized.id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.av.id
    response_headers_policy_id = data.aws_cloudfront_response_headers_policy.sec.id
    compress                   = true
  }
  ordered_cache_behavior {
    path_pattern               = "/api/*"
    target_origin_id           = "web"
    viewer_protocol_policy     = "allow-all"
    allowed_methods            = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods             = ["GET", "HEAD", "OPTIONS"]
    cache_policy_id            = aws_cloudfront_cache_policy.cp.id
    origin_request_policy_id   = aws_cloudfront_origin_request_policy.orp.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.rhp.id
    compress                   = true
    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.fn.arn
    }
  }
  ordered_cache_behavior {
    path_pattern           = "/private/*"
    target_origin_id       = "group"
    viewer_protocol_policy = "https-only"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    trusted_key_groups     = [aws_cloudfront_key_group.kg.id]
    forwarded_values {
      query_string            = true
      query_string_cache_keys = ["v"]
      headers                 = ["Origin", "Accept"]
      cookies {
        forward           = "whitelist"
        whitelisted_names = ["sid", "a*"]
      }
    }
    min_ttl     = 0
    default_ttl = 30
    max_ttl     = 300
  }
  ordered_cache_behavior {
    path_pattern           = "/old/*"
    target_origin_id       = "s3old"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    forwarded_values {
      query_string = false
      cookies { forward = "none" }
    }
  }
  custom_error_response {
    error_code            = 404
    response_code         = 200
    response_page_path    = "/index.html"
    error_caching_min_ttl = 5
  }
  custom_error_response {
    error_code            = 503
    error_caching_min_ttl = 0
  }
  logging_config {
    bucket          = "${aws_s3_bucket.site.bucket}.s3.amazonaws.com"
    prefix          = "logs/"
    include_cookies = true
  }
  restrictions {
    geo_restriction {
      restriction_type = "blacklist"
      locations        = ["XX", "YY"]
    }
  }
  viewer_certificate {
    acm_certificate_arn      = "arn:aws:acm:us-east-1:123456789012:certificate/7a0f0b0e-0000-0000-0000-000000000000"
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
resource "aws_cloudfront_distribution" "plain" {
  enabled = false
  origin {
    domain_name = "www.example.com"
    origin_id   = "w"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "match-viewer"
      origin_ssl_protocols   = ["TLSv1.1", "TLSv1.2"]
    }
  }
  default_cache_behavior {
    target_origin_id       = "w"
    viewer_protocol_policy = "allow-all"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    forwarded_values {
      query_string = false
      cookies { forward = "none" }
    }
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate { cloudfront_default_certificate = true }
}
