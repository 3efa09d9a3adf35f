/** What a trial takes, by its network's speed and by those that were made. */

/** Decoding and preprocessing beside the network, before anything was measured: a share of its time. */
const FIRST_OVERHEAD = 1.5
/** Starting a worker, training and testing a head, before one was. */
const FIRST_REST_SECONDS = 4

interface Made {
  /** Wall time of all of it. */
  seconds: number
  features: { computed: number; seconds: number }
  msPerImage: number
}

export class Costs {
  private networkSeconds = 0
  private featureSeconds = 0
  private rest = { seconds: 0, count: 0 }

  add({ seconds, features, msPerImage }: Made): void {
    this.rest.seconds += Math.max(0, seconds - features.seconds)
    this.rest.count++
    // A handful says more about starting than about computing.
    if (features.computed < 32) return
    this.networkSeconds += (features.computed * msPerImage) / 1000
    this.featureSeconds += features.seconds
  }

  /** Seconds. @param images whose features are not there */
  of(images: number, msPerImage: number): number {
    const overhead = this.networkSeconds > 0 ? this.featureSeconds / this.networkSeconds : FIRST_OVERHEAD
    const rest = this.rest.count > 0 ? this.rest.seconds / this.rest.count : FIRST_REST_SECONDS
    return (images * msPerImage * overhead) / 1000 + rest
  }
}
