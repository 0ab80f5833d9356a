import { describe, expect, test } from "bun:test";

import { parseRequestInfo } from "./request-info.ts";

function parse(method: string, url: string) {
  const [path = "", query = ""] = url.split("?");
  return parseRequestInfo(method, path, query);
}

describe("parseRequestInfo", () => {
  // verb | apiPrefix | group | version | namespace | resource | subresource | name | parts
  test.each([
    ["GET", "/api/v1/namespaces", "list|api||v1||namespaces|||namespaces"],
    ["GET", "/api/v1/namespaces/a", "get|api||v1|a|namespaces||a|namespaces,a"],
    ["GET", "/api/v1/namespaces/a/pods", "list|api||v1|a|pods|||pods"],
    ["GET", "/api/v1/namespaces/a/pods/p", "get|api||v1|a|pods||p|pods,p"],
    ["HEAD", "/api/v1/namespaces/a/pods/p", "get|api||v1|a|pods||p|pods,p"],
    ["GET", "/api/v1/pods", "list|api||v1||pods|||pods"],
    ["HEAD", "/api/v1/pods", "list|api||v1||pods|||pods"],
    ["GET", "/api/v1/pods/", "list|api||v1||pods|||pods"],
    ["GET", "/api/v1/nodes/n", "get|api||v1||nodes||n|nodes,n"],
    ["GET", "/api/v1/namespaces//pods", "list|api||v1||pods|||pods"],
    ["GET", "/apis/apps/v1/deployments", "list|apis|apps|v1||deployments|||deployments"],
    [
      "GET",
      "/apis/apps/v1/namespaces/a/deployments/d/scale",
      "get|apis|apps|v1|a|deployments|scale|d|deployments,d,scale",
    ],
    // encoded segments are read decoded, a slash in one too
    ["GET", "/api/v1/namespaces/a/pods/p%2D1", "get|api||v1|a|pods||p-1|pods,p-1"],
    ["GET", "/api/v1/namespaces/a%2Fpods", "list|api||v1|a|pods|||pods"],
    ["GET", "/api/v1/namespaces/a/pods/p+q", "get|api||v1|a|pods||p+q|pods,p+q"],
    // legacy prefixes
    ["GET", "/api/v1/proxy/namespaces/a/pods/p", "proxy|api||v1|a|pods||p|pods,p"],
    ["GET", "/api/v1/proxy/namespaces/a/pods/p/x/y", "proxy|api||v1|a|pods||p|pods,p,x,y"],
    ["GET", "/api/v1/proxy/nodes/n", "proxy|api||v1||nodes||n|nodes,n"],
    ["GET", "/api/v1/watch/pods", "watch|api||v1||pods|||pods"],
    ["GET", "/api/v1/watch/namespaces/a/pods", "watch|api||v1|a|pods|||pods"],
    ["GET", "/api/v1/watch/namespaces/a/pods/p", "watch|api||v1|a|pods||p|pods,p"],
    ["GET", "/api/v1/watch/namespaces/a", "watch|api||v1|a|namespaces||a|namespaces,a"],
    ["GET", "/apis/apps/v1/watch/deployments", "watch|apis|apps|v1||deployments|||deployments"],
    ["POST", "/api/v1/watch/pods", "watch|api||v1||pods|||pods"],
    // subresources
    ["GET", "/api/v1/namespaces/a/pods/p/status", "get|api||v1|a|pods|status|p|pods,p,status"],
    ["GET", "/api/v1/namespaces/a/pods/p/proxy/x", "get|api||v1|a|pods|proxy|p|pods,p,proxy,x"],
    [
      "PUT",
      "/api/v1/namespaces/a/finalize",
      "update|api||v1|a|namespaces|finalize|a|namespaces,a,finalize",
    ],
    [
      "PUT",
      "/api/v1/namespaces/a/status",
      "update|api||v1|a|namespaces|status|a|namespaces,a,status",
    ],
    [
      "POST",
      "/api/v1/namespaces/a/pods/p/eviction",
      "create|api||v1|a|pods|eviction|p|pods,p,eviction",
    ],
    // verbs
    ["PATCH", "/api/v1/namespaces/a", "patch|api||v1|a|namespaces||a|namespaces,a"],
    ["PATCH", "/api/v1/namespaces/a/pods/p", "patch|api||v1|a|pods||p|pods,p"],
    ["PUT", "/api/v1/namespaces/a/pods/p", "update|api||v1|a|pods||p|pods,p"],
    ["DELETE", "/api/v1/namespaces/a/pods/p", "delete|api||v1|a|pods||p|pods,p"],
    ["POST", "/api/v1/namespaces/a/pods", "create|api||v1|a|pods|||pods"],
    ["OPTIONS", "/api/v1/pods", "|api||v1||pods|||pods"],
    ["get", "/api/v1/pods", "|api||v1||pods|||pods"],
    ["DELETE", "/api/v1/nodes", "deletecollection|api||v1||nodes|||nodes"],
    ["DELETE", "/api/v1/namespaces", "deletecollection|api||v1||namespaces|||namespaces"],
    ["DELETE", "/api/v1/namespaces/a/pods", "deletecollection|api||v1|a|pods|||pods"],
    [
      "DELETE",
      "/apis/e/v1/namespaces/a/pods?fieldSelector=metadata.name=x",
      "deletecollection|apis|e|v1|a|pods|||pods",
    ],
    // groups and versions, known or not
    ["POST", "/apis/e/v1/namespaces/a/pods", "create|apis|e|v1|a|pods|||pods"],
    ["POST", "/apis/e/v1beta3/namespaces/a/pods", "create|apis|e|v1beta3|a|pods|||pods"],
    ["GET", "/api/version/resource", "list|api||version||resource|||resource"],
    ["GET", "/apis/g/v/r/n/s", "get|apis|g|v||r|s|n|r,n,s"],
    ["GET", "/apis/batch/v1/job/j", "get|apis|batch|v1||job||j|job,j"],
  ])("%s %s", (method, url, expected) => {
    const info = parse(method, url);
    if (!info.isResourceRequest) throw new Error("no resource request");
    const { verb, apiPrefix, group, version, namespace, resource, subresource, name } = info;
    const shown = [verb, apiPrefix, group, version, namespace, resource, subresource, name];
    expect([...shown, info.parts].join("|")).toBe(expected);
    expect(info.path).toBe(url.split("?")[0]!);
  });

  test.each([
    ["", "list", ""],
    ["watch=1", "watch", ""],
    ["watch=true", "watch", ""],
    ["watch", "watch", ""],
    ["watch=", "watch", ""],
    ["watch=junk", "watch", ""],
    ["watch=0", "list", ""],
    ["watch=false", "list", ""],
    ["watch=FALSE", "list", ""],
    ["watch=0&watch=1", "list", ""],
    ["watch=1&watch=0", "watch", ""],
    ["fieldSelector=metadata.name=a", "list", "a"],
    ["fieldSelector=metadata.name%3Da", "list", "a"],
    ["fieldSelector=metadata.name==a,x=y&watch=true", "watch", "a"],
    ["fieldSelector=metadata.name!=a", "list", ""],
    ["fieldSelector=metadata.name=a/b", "list", ""],
    ["fieldSelector=metadata.name=..", "list", ""],
    ["fieldSelector=foo=bar", "list", ""],
    ["fieldSelector=metadata.name=a,foo", "list", ""],
    ["fieldSelector=metadata.name=a,foo&watch=true", "watch", ""],
    ["fieldSelector=metadata.name=a,foo&watch=false", "list", ""],
    ["fieldSelector=metadata.name=a&labelSelector=$", "list", ""],
    ["fieldSelector=metadata.name=a&limit=x&watch=1", "watch", ""],
  ])("a collection with ?%s: %s %s", (query, verb, name) => {
    expect(parse("GET", `/apis/g/v1/things?${query}`)).toMatchObject({ verb, name });
  });

  test.each([
    "",
    "/",
    "/api",
    "/apis",
    "/api/v1",
    "/api/v1/",
    "/apis/apps",
    "/apis/apps/v1",
    "/apis/apps/v1/",
    "/apis/v1/pods",
    "/healthz",
    "/metrics/a/b",
    "/not-api/v1/pods",
    "/API/v1/pods",
    "/openapi/v3/api/v1",
    "//api/v1/pods",
    "/api/v1/watch",
    "/api/v1/watch/",
    "/api/v1/proxy",
    "/api/v1/pods/a%zz",
  ])("%s is no resource request", (path) => {
    expect(parseRequestInfo("GET", path, "watch=1")).toEqual({
      isResourceRequest: false,
      verb: "get",
      path,
    });
  });
});
