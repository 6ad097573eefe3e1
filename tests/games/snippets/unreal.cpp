// What an Unreal game mode says to the agent; add "HTTP" to PublicDependencyModuleNames.
// MyGameMode.h declares the functions below, and two FTimerHandle: StopTimer, ReportTimer.
#include "MyGameMode.h"
#include "HttpModule.h"
#include "Interfaces/IHttpRequest.h"
#include "Misc/Paths.h"
#include "TimerManager.h"

static void CallAgent(const FString& Verb, const FString& Path, const FString& Json)
{
	const FString Agent = FPlatformMisc::GetEnvironmentVariable(TEXT("AGENT_URL"));
	if (Agent.IsEmpty()) { return; }  // in the editor
	const auto Request = FHttpModule::Get().CreateRequest();
	Request->SetVerb(Verb);
	Request->SetURL(Agent + Path);
	Request->SetContentAsString(Json);
	Request->ProcessRequest();
}

void AMyGameMode::StartPlay()
{
	Super::StartPlay();
	Report();
	// All may be said again, so a call that was cut off is made good 5 s later.
	GetWorldTimerManager().SetTimer(ReportTimer, this, &AMyGameMode::Report, 5.f, true);
	GetWorldTimerManager().SetTimer(StopTimer, this, &AMyGameMode::LookForStop, 0.2f, true);
}

void AMyGameMode::PostLogin(APlayerController* Player)
{
	Super::PostLogin(Player);
	Report();
}

void AMyGameMode::Logout(AController* Player)
{
	Super::Logout(Player);
	// Only in the next tick is the one who left no longer counted.
	GetWorldTimerManager().SetTimerForNextTick(this, &AMyGameMode::Report);
}

void AMyGameMode::Report()
{
	CallAgent(TEXT("POST"), TEXT("/v1/ready"), TEXT("{}"));
	CallAgent(TEXT("PUT"), TEXT("/v1/players"),
		FString::Printf(TEXT("{\"count\": %d, \"capacity\": 16}"), GetNumPlayers()));
}

void AMyGameMode::LookForStop()
{
	const FString File = FPlatformMisc::GetEnvironmentVariable(TEXT("AGENT_STOP_FILE"));
	if (!File.IsEmpty() && FPaths::FileExists(File))
	{
		SaveTheWorld();
		FPlatformMisc::RequestExit(false);
	}
}
