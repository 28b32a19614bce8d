import product from '../../../../package.json' with { type: 'json' }

/** The version of the product, from the package.json of the repository: `0.1.0`. */
export const PRODUCT_VERSION = product.version
