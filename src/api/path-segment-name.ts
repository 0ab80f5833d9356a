/** Whether an object can have this name at all (apimachinery, api/validation/path/name.go IsValidPathSegmentName). */
export function isPathSegmentName(name: string): boolean {
  return name !== "." && name !== ".." && !/[/%]/.test(name);
}
