/** Dawn's name for the feature that lets a subgroup multiply matrices. */
export const SUBGROUP_MATRICES = 'chromium-experimental-subgroup-matrix';

/**
 * What Dawn wants to hear before it tells of the feature: the first toggle is for all that it calls experimental, the second
 * for f16 on NVIDIA under Vulkan, where the matrices are of f16. No other feature that they uncover is asked for.
 * Source: Dawn, src/dawn/native/PhysicalDevice.cpp and vulkan/PhysicalDeviceVk.cpp, ValidateFeatureSupportedWithToggles.
 */
export const SUBGROUP_MATRIX_OPTIONS = ['enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];
