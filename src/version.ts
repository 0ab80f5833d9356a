declare const EDGE_PROXY_VERSION: string | undefined;

/** The version that the build was given; `dev` when run from source. */
export const version = typeof EDGE_PROXY_VERSION === "string" ? EDGE_PROXY_VERSION : "dev";
