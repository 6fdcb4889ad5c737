/** What the Worker and a CdnTraffic object say to each other. Fields are only ever added. */

/** What one location answered in one minute, of one status and one way to come by the answer. */
export interface TrafficRow {
  /** The minute's first second, since the epoch. */
  readonly minute: number;
  /** Of Cloudflare, as `LHR`; empty where it is not known. */
  readonly location: string;
  readonly status: number;
  /** `Hit`, `RefreshHit`, `Miss`, `Error`, … as in X-Cache. */
  readonly result: string;
  readonly requests: number;
  /** Of bodies, as sent. */
  readonly bytes: number;
  /** Answers for which the origin was asked, and how long that took in sum. */
  readonly originRequests: number;
  readonly originMilliseconds: number;
}

export interface TrafficQuery {
  /** Seconds since the epoch; rows from then on and before that. */
  readonly from: number;
  readonly to: number;
  /** Seconds, a multiple of 60: rows are added up over it. */
  readonly period: number;
}

export interface CdnTrafficApi {
  add(rows: readonly TrafficRow[]): Promise<void>;
  /** In order of time, location, status and result; `minute` is the period's first second. */
  read(query: TrafficQuery): Promise<TrafficRow[]>;
}
