# SPDX-License-Identifier: MIT
# Verifies the signatures of this folder's files and installs the observer's driver.
#   -TrustTestCertificate  lets this machine trust wdscope-test.cer: for test machines only
param([switch]$TrustTestCertificate)
$ErrorActionPreference = 'Stop'
$certificate = Join-Path $PSScriptRoot 'wdscope-test.cer'
if ($TrustTestCertificate) {
  foreach ($store in 'Root', 'TrustedPublisher') {
    Import-Certificate -FilePath $certificate -CertStoreLocation "Cert:\LocalMachine\$store" | Out-Null
  }
}
foreach ($file in 'wdscope.exe', 'wdscope.sys', 'wdnotifier.sys', 'wdnis.sys') {
  $signature = Get-AuthenticodeSignature -LiteralPath (Join-Path $PSScriptRoot $file)
  if ($signature.Status -ne 'Valid') {
    # To go on: an error would end the script before it can say its exit code.
    Write-Error "${file}: $($signature.StatusMessage) A test-signed package needs -TrustTestCertificate, from an elevated PowerShell." -ErrorAction Continue
    exit 4
  }
}
& (Join-Path $PSScriptRoot 'wdscope.exe') driver install
exit $LASTEXITCODE
