#include "tutelage/impl/prefs/judgement.ipp"
