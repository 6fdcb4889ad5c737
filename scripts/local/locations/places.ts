/** A location of the CDN that is simulated. */
export interface Place {
  readonly name: string;
  /** Cloudflare's, as `request.cf.colo` says it. */
  readonly colo: string;
  readonly country: string;
  /** Milliseconds to the origin and back. */
  readonly distance: number;
}

/** Round trips to a data centre in Virginia, as public measurements have them. */
export const PLACES: readonly Place[] = [
  { name: "London", colo: "LHR", country: "GB", distance: 76 },
  { name: "Paris", colo: "CDG", country: "FR", distance: 82 },
  { name: "Stockholm", colo: "ARN", country: "SE", distance: 110 },
];
