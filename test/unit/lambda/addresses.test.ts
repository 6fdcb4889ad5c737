import { describe, expect, it } from "vitest";
import { isPublicHost } from "../../../src/lambda/runtime/addresses.ts";

const hostOf = (authority: string) => new URL(`http://${authority}/`).hostname;

describe("hosts that functions may reach", () => {
  it.each([
    "example.com",
    "api.example.co.uk",
    "8.8.8.8",
    "[2606:4700:4700::1111]",
    "[64:ff9b::808:808]",
    "172.32.0.1",
  ])("%s is public", (authority) => expect(isPublicHost(hostOf(authority))).toBe(true));

  it.each([
    ["loopback", "127.0.0.1"],
    ["loopback, short", "127.1"],
    ["loopback, decimal", "2130706433"],
    ["loopback, octal", "0177.0.0.1"],
    ["loopback, hexadecimal", "0x7f.0.0.1"],
    ["any address", "0.0.0.0"],
    ["metadata", "169.254.169.254"],
    ["metadata, decimal", "2852039166"],
    ["metadata over IPv6", "[fd00:ec2::254]"],
    ["metadata by name", "metadata.google.internal"],
    ["private", "10.1.2.3"],
    ["private", "172.31.255.255"],
    ["private", "192.168.0.1"],
    ["carrier-grade NAT", "100.64.0.1"],
    ["multicast", "224.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 loopback", "[::1]"],
    ["IPv6 unspecified", "[::]"],
    ["IPv4-mapped", "[::ffff:127.0.0.1]"],
    ["IPv4-mapped, hexadecimal", "[::ffff:a9fe:a9fe]"],
    ["IPv4-compatible", "[::7f00:1]"],
    ["NAT64", "[64:ff9b::7f00:1]"],
    ["6to4", "[2002:7f00:1::]"],
    ["unique local", "[fd12::1]"],
    ["link-local", "[fe80::1]"],
    ["a name for loopback", "localhost"],
    ["below it, with a final dot", "app.localhost."],
    ["a name without a domain", "router"],
    ["a name that carries the address", "127.0.0.1.nip.io"],
  ])("%s (%s) is not", (_, authority) => expect(isPublicHost(hostOf(authority))).toBe(false));
});
