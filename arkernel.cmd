@echo off
rem Runs ArKernel from a checkout: builds on first use and whenever a source is newer than the build. set TorchBackend=cuda builds for CUDA.
setlocal
if not defined TorchBackend set "TorchBackend=cpu"
set "ROOT=%~dp0"
set "OUT=%ROOT%artifacts\cli-%TorchBackend%"
powershell -NoProfile -ExecutionPolicy Bypass -Command "$s = Get-Item -Force '%OUT%\.built' -ErrorAction SilentlyContinue; if (-not $s) { exit 1 }; $n = Get-ChildItem '%ROOT%src','%ROOT%extensions','%ROOT%build','%ROOT%Directory.Build.props','%ROOT%Directory.Packages.props','%ROOT%global.json' -Recurse -File | Where-Object { $_.FullName -notmatch '\\(bin|obj)\\' -and $_.LastWriteTimeUtc -gt $s.LastWriteTimeUtc } | Select-Object -First 1; if ($n) { exit 1 }"
if not errorlevel 1 goto run
where dotnet >nul 2>nul || (echo arkernel: the .NET 10 SDK is needed; 'dotnet' is not on the PATH. 1>&2 & exit /b 1)
if not exist "%OUT%" mkdir "%OUT%"
echo arkernel: building (once; again when a source changes) ... 1>&2
type nul > "%OUT%\.started"
dotnet publish "%ROOT%src\Cli\Cli.csproj" -c Release -o "%OUT%" -p:TorchBackend=%TorchBackend% -p:PublishReadyToRun=true --use-current-runtime --self-contained false -nologo -v quiet -clp:NoSummary > "%OUT%\build.log" 2>&1
if errorlevel 1 (
  type "%OUT%\build.log" 1>&2
  echo arkernel: the build failed. 1>&2
  exit /b 1
)
move /y "%OUT%\.started" "%OUT%\.built" >nul
:run
dotnet "%OUT%\ArKernel.Cli.dll" %*
exit /b %errorlevel%
