/** L2-regularised multinomial logistic regression as a function to minimise, with its gradient. */
import type { FeatureSet } from '../head-data'
import type { Evaluation } from './lbfgs'
import type { LinearProducts } from './products'

/**
 * The point is the kernel as [classes, features], then the biases. f = Σ wᵢ·Σ −t·ln p + λ/2·‖kernel‖², with wᵢ the weight of the
 * image's class, divided by the number of images so that a tolerance means the same for any number of them. The biases are not
 * penalised.
 *
 * Products in float32; sums, exponentials and the point itself in float64.
 */
export class LogisticObjective {
  private readonly scores: Float64Array
  private readonly kernel: Float32Array
  private readonly residuals: Float32Array
  /** λ. */
  penalty = 1
  /** Images whose class had the highest score at the point that was evaluated last. */
  right = 0

  /**
   * @param classWeights [classes]
   * @param smoothing of the targets t: 1 − ε + ε/K for the truth, ε/K elsewhere
   */
  constructor(
    private readonly products: LinearProducts,
    private readonly labels: FeatureSet['labels'],
    private readonly width: number,
    private readonly classWeights: Float32Array,
    private readonly smoothing: number
  ) {
    this.kernel = new Float32Array(this.classes * width)
    this.scores = new Float64Array(this.classes)
    this.residuals = new Float32Array(this.classes * labels.length)
  }

  get classes(): number {
    return this.classWeights.length
  }

  get size(): number {
    return this.classes * (this.width + 1)
  }

  evaluate = async (point: Float64Array): Promise<Evaluation> => {
    const { kernel, classes, width } = this
    const rows = this.labels.length
    for (let index = 0; index < kernel.length; index++) kernel[index] = point[index]!
    const scores = await this.products.scores(kernel)
    const biases = point.subarray(kernel.length)
    let value = this.lossAndResiduals(scores, biases)
    const products = await this.products.gradient(this.residuals)
    const gradient = new Float64Array(point.length)
    let squares = 0
    for (let index = 0; index < kernel.length; index++) {
      const weight = point[index]!
      squares += weight * weight
      gradient[index] = (products[index]! + this.penalty * weight) / rows
    }
    for (let label = 0; label < classes; label++) {
      let sum = 0
      for (let row = 0, at = label * rows; row < rows; row++, at++) sum += this.residuals[at]!
      gradient[classes * width + label] = sum / rows
    }
    value += (this.penalty / 2) * squares
    return { value: value / rows, gradient }
  }

  /** Fills `residuals` with wᵢ·(p − t), [classes, rows]. @param products [classes, rows] @returns Σ wᵢ·Σ −t·ln p */
  private lossAndResiduals(products: Float32Array, biases: Float64Array): number {
    const { classes, labels, scores, residuals } = this
    const rows = labels.length
    const [shared, own] = [this.smoothing / classes, 1 - this.smoothing]
    let loss = 0
    this.right = 0
    for (let row = 0; row < rows; row++) {
      const truth = labels[row]!
      const weight = this.classWeights[truth]!
      let largest = -Infinity
      for (let label = 0; label < classes; label++) {
        const score = products[label * rows + row]! + biases[label]!
        scores[label] = score
        if (score > largest) largest = score
      }
      if (scores[truth] === largest) this.right++
      let expected = own * (scores[truth]! - largest)
      let sum = 0
      for (let label = 0; label < classes; label++) {
        const score = scores[label]! - largest
        expected += shared * score
        sum += scores[label] = Math.exp(score)
      }
      loss += weight * (Math.log(sum) - expected)
      const scale = weight / sum
      const offset = weight * shared
      for (let label = 0; label < classes; label++) residuals[label * rows + row] = scores[label]! * scale - offset
      residuals[truth * rows + row]! -= weight * own
    }
    return loss
  }
}
